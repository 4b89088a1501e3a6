//! The rules for a store of the user's own, whose rows nobody sees: told by its answers alone.

use std::collections::BTreeMap;

use super::{
    ledger::Ledger,
    server::{Answer, Request},
    store::SharedStore,
};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, FencingToken, HeldAnswer, IdempotencyKey, Lease, Owner, PayloadHash,
    ReadAnswer, RenewAnswer, RowStatus, protocol::claim::SKEW_MS,
};

/// By how much a store may be early or late: clocks may differ by the skew, and it may wait for as much.
const MARGIN_MS: u64 = 2 * SKEW_MS;

/// What a store said last of each key.
#[derive(Default)]
pub(super) struct Heard {
    grants: BTreeMap<IdempotencyKey, Grant>,
    successes: BTreeMap<IdempotencyKey, Success>,
}

struct Grant {
    owner: Owner,
    fence: FencingToken,
    /// It was given up, or its work rejected.
    is_over: bool,
    /// When its lease ends.
    lease_until_ms: u64,
    expires_at_s: u64,
}

struct Success {
    owner: Owner,
    payload_hash: PayloadHash,
    expires_at_s: u64,
}

impl SharedStore {
    /// A store of the user's own answers.
    pub(super) fn hears(&self, request: &Request, answer: &Answer) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let ledger = &mut state.ledger;
        ledger.forgets_what_is_over(request.key(), now_ms);
        match (request, answer) {
            (Request::Claim(request), Answer::Claim(answer)) => ledger.hears_of_a_claim(request, answer, now_ms),
            (Request::Complete(request), Answer::Complete(CompleteAnswer::Committed)) => {
                let lease = &request.lease;
                ledger.hears_of_a_holder(lease);
                ledger
                    .hears_of_a_success(lease.key(), success(lease.owner(), lease.payload_hash, request.expires_at_s));
            }
            (Request::Mark(request), Answer::Complete(CompleteAnswer::Committed)) => {
                let claim = &request.claim;
                ledger.hears_of_a_success(&claim.key, success(claim.owner, claim.payload_hash, claim.expires_at_s));
            }
            (Request::Release(lease), Answer::Held(HeldAnswer::Written)) => ledger.hears_of_an_end(lease),
            (Request::Fail(request), Answer::Held(HeldAnswer::Written)) => ledger.hears_of_an_end(&request.lease),
            (Request::Renew(request), Answer::Renew(RenewAnswer::Held { lease_expires_at_ms })) => {
                ledger.hears_of_a_renewal(&request.lease, *lease_expires_at_ms);
            }
            (Request::Read(key), Answer::Read(answer)) => ledger.hears_of_a_read(key, answer),
            _ => {}
        }
    }
}

fn success(owner: Owner, payload_hash: PayloadHash, expires_at_s: u64) -> Success {
    Success { owner, payload_hash, expires_at_s }
}

impl Ledger {
    /// Whose retention is over may be forgotten.
    fn forgets_what_is_over(&mut self, key: &IdempotencyKey, now_ms: u64) {
        let is_over = |expires_at_s: u64| expires_at_s.saturating_mul(1_000) <= now_ms.saturating_add(MARGIN_MS);
        if self.heard.successes.get(key).is_some_and(|success| is_over(success.expires_at_s)) {
            self.heard.successes.remove(key);
            self.forgets(key);
        }
        if self.heard.grants.get(key).is_some_and(|grant| is_over(grant.expires_at_s)) {
            self.heard.grants.remove(key);
        }
    }

    fn hears_of_a_claim(&mut self, request: &ClaimRequest, answer: &ClaimAnswer, now_ms: u64) {
        match answer {
            ClaimAnswer::Acquired(lease) => self.hears_of_a_grant(request, lease),
            ClaimAnswer::InProgress { .. } => self.hears_of_a_wait(request, now_ms),
            ClaimAnswer::Completed { .. } => {
                let success = self.heard.successes.get(&request.key);
                if success.is_some_and(|success| success.payload_hash != request.payload_hash) {
                    self.violation(format!("I18: another payload is answered as done: {request:?}"));
                }
            }
            _ => {}
        }
    }

    fn hears_of_a_wait(&mut self, request: &ClaimRequest, now_ms: u64) {
        match self.heard.grants.get(&request.key).filter(|grant| !grant.is_over) {
            Some(grant) if grant.owner == request.owner => {
                self.violation(format!("I5: an attempt is blocked by its own claim: {request:?}"));
            }
            Some(grant) if grant.lease_until_ms.saturating_add(MARGIN_MS) < now_ms => {
                self.violation(format!("a lease that is over blocks nobody: {request:?}"));
            }
            _ => {}
        }
    }

    fn hears_of_a_read(&mut self, key: &IdempotencyKey, answer: &ReadAnswer) {
        let is_done = |answer: &ReadAnswer| match answer {
            ReadAnswer::Row(row) => matches!(row.status, RowStatus::Completed { .. }),
            ReadAnswer::Nothing => false,
            ReadAnswer::Corrupt | ReadAnswer::Unavailable(_) => true,
        };
        if self.heard.successes.contains_key(key) && !is_done(answer) {
            self.violation(format!("I2, I3: what is done never changes: {answer:?} is read"));
        } else if self.heard.grants.contains_key(key) && matches!(answer, ReadAnswer::Nothing) {
            self.violation("a row stays until its retention is over: nothing is read of what was granted".to_owned());
        }
    }

    fn hears_of_a_renewal(&mut self, lease: &Lease, until_ms: u64) {
        self.hears_of_a_holder(lease);
        if let Some(grant) = self.heard.grants.get_mut(lease.key()) {
            grant.lease_until_ms = grant.lease_until_ms.max(until_ms);
        }
    }

    fn hears_of_a_grant(&mut self, request: &ClaimRequest, lease: &Lease) {
        let (key, owner, fence) = (&request.key, request.owner, lease.fencing_token());
        let mut wrong = Vec::new();
        match self.heard.grants.get(key) {
            Some(before) if before.owner == owner && before.is_over => {
                wrong.push("a late copy of a claim that was released is refused");
            }
            Some(before) if before.owner != owner && fence <= before.fence => {
                wrong.push("I9: fences grow with every grant");
            }
            _ => {}
        }
        if self.heard.successes.contains_key(key) {
            wrong.push("I2, I3: what is done never changes");
        }
        self.is_granted(owner);
        let (lease_until_ms, expires_at_s) = (lease.expires_at_ms(), request.expires_at_s);
        let grant = Grant { owner, fence, is_over: false, lease_until_ms, expires_at_s };
        self.heard.grants.insert(key.clone(), grant);
        wrong.into_iter().for_each(|rule| self.violation(format!("{rule}: {lease:?} is granted")));
    }

    /// Only who holds a row may say what becomes of it; the same may be said twice.
    fn hears_of_a_holder(&mut self, lease: &Lease) {
        let grant = self.heard.grants.get(lease.key());
        if grant.is_some_and(|grant| (grant.owner, grant.fence) != (lease.owner(), lease.fencing_token())) {
            self.violation(format!("I7, I8: only the holder settles, and not {lease:?}"));
        }
    }

    fn hears_of_an_end(&mut self, lease: &Lease) {
        self.hears_of_a_holder(lease);
        if let Some(grant) = self.heard.grants.get_mut(lease.key()) {
            grant.is_over = true;
        }
    }

    fn hears_of_a_success(&mut self, key: &IdempotencyKey, success: Success) {
        match self.heard.successes.get(key) {
            Some(before) if before.owner != success.owner => {
                self.violation("I1: a key is committed once: two owners are told that their success is it".to_owned());
            }
            Some(_) => {}
            None => {
                self.is_done_now(key);
                self.heard.successes.insert(key.clone(), success);
            }
        }
    }
}
