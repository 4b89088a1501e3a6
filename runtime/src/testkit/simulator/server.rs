//! The server that holds the rows: the protocol's own rules over a map, or a slip in the place of one.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::ledger::{By, Write as Kind};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey, Lease,
    MarkRequest, ReadAnswer, RenewAnswer, RenewRequest,
    protocol::{
        self, Found, Row, Write, cancel, held_answer, mark, renew,
        rules::{Change, Rules},
    },
};

/// One request to the server, as it was when it was sent.
#[derive(Clone)]
pub(super) enum Request {
    Claim(ClaimRequest),
    Complete(CompleteRequest),
    Mark(MarkRequest),
    Release(Lease),
    Cancel(Lease),
    Fail(FailRequest),
    Renew(RenewRequest),
    Read(IdempotencyKey),
    /// A completion or a mark, together with so many effects.
    Transact(Box<Request>, u32),
}

/// What the server answers.
pub(super) enum Answer {
    Claim(ClaimAnswer),
    Complete(CompleteAnswer),
    Held(HeldAnswer),
    Renew(RenewAnswer),
    Read(ReadAnswer),
    /// A store of the user's own said nothing that is an answer: whoever asked knows nothing.
    Nothing,
}

impl Request {
    pub(super) fn key(&self) -> &IdempotencyKey {
        match self {
            Self::Claim(request) => &request.key,
            Self::Complete(request) => request.lease.key(),
            Self::Mark(request) => &request.claim.key,
            Self::Release(lease) | Self::Cancel(lease) => lease.key(),
            Self::Fail(request) => request.lease.key(),
            Self::Renew(request) => request.lease.key(),
            Self::Read(key) => key,
            Self::Transact(success, _) => success.key(),
        }
    }

    /// What kind of write it is, and whose; `None` for a read.
    pub(super) fn write(&self) -> Option<(Kind, By)> {
        let held = |lease: &Lease| By { owner: lease.owner(), fence: Some(lease.fencing_token()) };
        Some(match self {
            Self::Claim(request) => (Kind::Claim, By { owner: request.owner, fence: None }),
            Self::Mark(request) => (Kind::Mark, By { owner: request.claim.owner, fence: None }),
            Self::Complete(request) => (Kind::Complete, held(&request.lease)),
            Self::Release(lease) => (Kind::GiveUp, held(lease)),
            Self::Cancel(lease) => (Kind::Renew, held(lease)),
            Self::Fail(request) => (Kind::GiveUp, held(&request.lease)),
            Self::Renew(request) => (Kind::Renew, held(&request.lease)),
            Self::Read(_) => return None,
            Self::Transact(success, _) => return success.write(),
        })
    }
}

/// Rows, and the rules by which they change.
pub(super) struct Server {
    rows: Mutex<HashMap<IdempotencyKey, Row>>,
    rules: Rules,
}

impl Server {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rows: Mutex::default(), rules }
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<IdempotencyKey, Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the retention of a row is over.
    pub(super) fn is_expired(&self, key: &IdempotencyKey, now_ms: u64) -> bool {
        self.rows().get(key).is_some_and(|row| row.is_expired(now_ms))
    }

    pub(super) fn remove(&self, key: &IdempotencyKey) {
        self.rows().remove(key);
    }

    pub(super) fn row(&self, key: &IdempotencyKey) -> Option<Row> {
        self.rows().get(key).cloned()
    }

    /// Does what is asked, by the time of day of who asked when it asked.
    pub(super) fn answer(&self, request: &Request, now_ms: u64) -> Answer {
        let (rules, key, row) = (&self.rules, request.key(), self.row(request.key()));
        let row = row.as_ref();
        match request {
            Request::Claim(request) => {
                let write = self.apply(key, (rules.claim)(row, request, now_ms));
                Answer::Claim((rules.claim_answer)(write, request))
            }
            Request::Complete(request) => {
                let write = self.apply(key, (rules.complete)(row, request));
                Answer::Complete((rules.complete_answer)(&write, request))
            }
            Request::Mark(request) => {
                let write = self.apply(key, (rules.mark)(row, request, now_ms));
                Answer::Complete(mark::answer(&write, request))
            }
            Request::Release(lease) => Answer::Held(held_answer(&self.apply(key, (rules.release)(row, lease)))),
            Request::Cancel(lease) => {
                let cancelled = row.filter(|row| protocol::holds(Some(row), lease)).map(cancel::cancelled);
                let change = cancelled.map_or(Change::Refused, Change::Put);
                Answer::Held(held_answer(&self.apply(key, change)))
            }
            Request::Fail(request) => Answer::Held(held_answer(&self.apply(key, (rules.fail)(row, request)))),
            Request::Renew(RenewRequest { lease, until_ms }) => {
                let write = self.apply(key, (rules.renew)(row, lease, *until_ms));
                Answer::Renew(renew::answer(&write, lease, *until_ms))
            }
            Request::Transact(success, _) => self.answer(success, now_ms),
            Request::Read(_) => {
                Answer::Read(row.map_or(ReadAnswer::Nothing, |row| ReadAnswer::Row(row.clone().into())))
            }
        }
    }

    /// Whether a statement that asks for the same would find its condition met, which is narrower than the operation's: a claim's that
    /// there is no row, all others' that the lease holds it.
    pub(super) fn is_open_for(&self, request: &Request) -> bool {
        let row = self.row(request.key());
        match request {
            Request::Claim(_) => row.is_none(),
            Request::Complete(CompleteRequest { lease, .. })
            | Request::Fail(FailRequest { lease, .. })
            | Request::Release(lease) => protocol::holds(row.as_ref(), lease),
            _ => false,
        }
    }

    /// What a read says about a claim without an answer.
    pub(super) fn healed(&self, request: &ClaimRequest, now_ms: u64) -> Option<ClaimAnswer> {
        let found = self.row(&request.key).map_or(Found::Nothing, Found::Row);
        (self.rules.healed)(found, request, now_ms)
    }

    pub(super) fn forget(&self, key: &IdempotencyKey) -> bool {
        let change = (self.rules.forget)(self.row(key).as_ref());
        matches!(self.apply(key, change), Write::Written(_))
    }

    fn apply(&self, key: &IdempotencyKey, change: Change) -> Write<Row> {
        let mut rows = self.rows();
        match change {
            Change::Refused => Write::Refused(rows.get(key).cloned().map_or(Found::Nothing, Found::Row)),
            Change::Put(row) => {
                rows.insert(key.clone(), row.clone());
                Write::Written(row)
            }
            Change::Delete => {
                rows.remove(key);
                Write::Refused(Found::Nothing)
            }
        }
    }
}
