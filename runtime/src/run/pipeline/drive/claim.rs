//! From a record to its grant: what is known already, what a read says, what the claim is answered.

use std::sync::Arc;

use super::{
    Drive, Stored,
    answers::{answered, unless_it_panics, with_error},
    identify, retry,
};
use crate::{
    batch::Record,
    claim::{
        ClaimAnswer, ClaimRequest, Grant, Idempotency, IdempotencyKey, Identity, Look, Owner, PayloadHash, StoreError,
    },
    clock::is_plausible,
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Stage},
        plan::Wait,
    },
};

/// What is about to be asked for records that take off together.
#[derive(Default)]
pub(super) struct Asking {
    reads: Vec<(usize, ClaimRequest)>,
    claims: Vec<(usize, ClaimRequest)>,
    /// Not asked: the store does not answer.
    spared: Vec<(usize, IdempotencyKey)>,
}

impl Drive {
    /// Notes what has to be asked for a record, or gives its outcome if that is known.
    pub(super) fn prepare(
        &mut self,
        index: usize,
        record: &Record,
        idempotency: &Idempotency,
        asking: &mut Asking,
    ) -> Option<Outcome> {
        let request = match self.claim_request(idempotency, record) {
            Ok(request) => request,
            Err(outcome) => return Some(outcome),
        };
        if let Some(answer) = idempotency.recall(&request) {
            return Some(self.not_claimed(index, Some(answer)));
        }
        if !self.shared.breaker().admits(self.shared.seams.clock.monotonic()) {
            asking.spared.push((index, request.key));
            return None;
        }
        let asked = if self.looks_first(index, record, idempotency) { &mut asking.reads } else { &mut asking.claims };
        asked.push((index, request));
        None
    }

    /// Whether the row is worth a read: the message may have come before, what it waited for may have done its work, or the store is to
    /// say whether it is back. A claim would say the same, at the price of a write.
    fn looks_first(&self, index: usize, record: &Record, idempotency: &Idempotency) -> bool {
        if idempotency.checks_first() || record.receive_count() != Some(1) {
            return true;
        }
        // Where no claim follows, nothing else tells what a sibling did, or that the store is back.
        !idempotency.claims_first() && (self.schedule.waited_for(index, Wait::Key) || self.shared.breaker().is_open())
    }

    /// Asks, all of one kind together.
    pub(super) fn ask(&mut self, idempotency: &Arc<Idempotency>, asking: Asking) {
        for (index, key) in asking.spared {
            self.spare(index, key, idempotency);
        }
        self.look(idempotency, asking.reads);
        self.claim(idempotency, asking.claims);
    }

    pub(super) fn claim_request(&self, idempotency: &Idempotency, record: &Record) -> Result<ClaimRequest, Outcome> {
        let identity = identify(idempotency, record);
        let identity = if self.shared.seams.slips.key_of_null { identity.or(Ok(of_null())) } else { identity };
        let Identity { key, payload_hash } = identity?;
        if !is_plausible(self.shared.seams.clock.wall()) {
            return Err(retry(ReasonClass::WrongClock));
        }
        let owner = Owner::draw(&*self.shared.seams.random)
            .map_err(|error| with_error(ReasonClass::StoreUnavailable, &StoreError::new(error)))?;
        let lease_end = self.lease_end_ms(record.index(), idempotency)?;
        let expires_at_s = idempotency.claim_expires_at_s(self.renewed_until_ms(lease_end));
        let request = ClaimRequest::new(key, owner, lease_end, expires_at_s, payload_hash);
        Ok(ClaimRequest { version: idempotency.version(self.invocation.handler_version()).map(Into::into), ..request })
    }

    fn look(&mut self, idempotency: &Arc<Idempotency>, reads: Vec<(usize, ClaimRequest)>) {
        if reads.is_empty() {
            return;
        }
        let (idempotency, time_left) = (Arc::clone(idempotency), self.time_for_the_store());
        self.ask_the_store(async move {
            let requests: Vec<_> = reads.iter().map(|(_, request)| request.clone()).collect();
            let answers = unless_it_panics(|| idempotency.look(&requests, time_left)).await;
            Stored::Looked(reads, answers)
        });
    }

    pub(super) fn on_looked(&mut self, reads: Vec<(usize, ClaimRequest)>, answers: Vec<Look>) {
        let Some(idempotency) = self.shared.idempotency.clone() else { return };
        let mut claims = Vec::new();
        for ((index, request), answer) in answered(reads, answers) {
            match answer {
                Some(Look::Open { unheard, has_row }) => {
                    self.shared.breaker().answered();
                    let is_suspect = unheard > 0 || (!idempotency.claims_first() && self.is_suspect_by_receives(index));
                    let request = ClaimRequest { meets_row: has_row, ..request };
                    if is_suspect { self.suspect(index, unheard) } else { claims.push((index, request)) }
                }
                // The claim comes to the same, and then to a run without one.
                Some(Look::Answered(answer @ ClaimAnswer::Unavailable(_))) if idempotency.runs_unguarded() => {
                    // The claim is what counts: where only reads are refused, messages are better claimed than run unguarded.
                    if !idempotency.claims_first() {
                        self.note_answer(Some(&answer));
                    }
                    claims.push((index, request));
                }
                Some(Look::Answered(answer)) => {
                    self.note_answer(Some(&answer));
                    self.refused(index, Some(answer));
                }
                None => {
                    self.note_answer(None);
                    self.refused(index, None);
                }
            }
        }
        self.claim(&idempotency, claims);
    }

    /// Claims, where the mode claims first; else what is not done may start.
    pub(super) fn claim(&mut self, idempotency: &Arc<Idempotency>, claims: Vec<(usize, ClaimRequest)>) {
        if !idempotency.claims_first() {
            for (index, request) in claims {
                self.start_granted(index, Some(Grant::Mark(Box::new(request))));
            }
        } else if !claims.is_empty() {
            let (idempotency, time_left) = (Arc::clone(idempotency), self.time_for_the_store());
            // Until it is known otherwise.
            claims.iter().for_each(|(index, request)| self.schedule.holds(*index, request.lease_expires_at_ms));
            let asked = claims.iter().map(|(index, request)| (*index, request.key.clone())).collect();
            let requests: Vec<_> = claims.into_iter().map(|(_, request)| request).collect();
            self.ask_the_store(async move {
                Stored::Claimed(asked, unless_it_panics(|| idempotency.store().claim(&requests, time_left)).await)
            });
        }
    }

    pub(super) fn on_claimed(&mut self, asked: Vec<(usize, IdempotencyKey)>, answers: Vec<ClaimAnswer>) {
        // A claim may take long: what is granted after the time to start is given back.
        self.look_at_the_clock();
        let runs_unguarded = self.shared.idempotency.as_ref().is_some_and(|idempotency| idempotency.runs_unguarded());
        let runs_unguarded = runs_unguarded || self.shared.seams.slips.unavailable_runs;
        let mut unstarted = Vec::new();
        for ((index, key), answer) in answered(asked, answers) {
            self.note_answer(answer.as_ref());
            match answer {
                Some(ClaimAnswer::Acquired(lease)) => match self.may_not_start(index).or(self.is_over(&lease)) {
                    None => self.start_granted(index, Some(Grant::Lease(lease))),
                    Some(class) => unstarted.push((index, lease, Outcome::NotStarted(Reason::new(class)))),
                },
                Some(ClaimAnswer::Unavailable(error)) if runs_unguarded => self.start_unguarded(index, key, &error),
                refused => self.refused(index, refused),
            }
        }
        self.release(unstarted);
    }

    /// The record's claim was not granted.
    fn refused(&mut self, index: usize, answer: Option<ClaimAnswer>) {
        match &answer {
            Some(ClaimAnswer::InProgress { lease_expires_at_ms }) => {
                self.schedule.holds(index, *lease_expires_at_ms);
                if self.waits_for(index, *lease_expires_at_ms) {
                    return;
                }
            }
            Some(ClaimAnswer::Unknown(_)) | None => {}
            Some(_) => self.schedule.frees(index),
        }
        let outcome = self.not_claimed(index, answer);
        self.land(index, outcome);
    }

    /// Fails a message without asking the store, which does not answer; or runs it without a claim, as one without an answer would.
    pub(super) fn spare(&mut self, index: usize, key: IdempotencyKey, idempotency: &Idempotency) {
        let error = StoreError::new("it did not answer the last claims, and was not asked again");
        if idempotency.runs_unguarded() {
            self.start_unguarded(index, key, &error);
        } else {
            self.land(index, with_error(ReasonClass::StoreUnavailable, &error));
        }
    }

    /// Tells the breaker what a claim came to, or the read that is all where none follows.
    fn note_answer(&self, answer: Option<&ClaimAnswer>) {
        let mut breaker = self.shared.breaker();
        match answer {
            Some(ClaimAnswer::Unavailable(_) | ClaimAnswer::Unknown(_)) | None => {
                if breaker.failed(self.shared.seams.clock.monotonic()) {
                    tracing::error!("the idempotency store does not answer: new messages fail at once until it does");
                }
            }
            Some(_) => breaker.answered(),
        }
    }

    /// Runs a message that nobody claimed, because its consumer said so.
    fn start_unguarded(&mut self, index: usize, key: IdempotencyKey, error: &StoreError) {
        if self.counts.unguarded == 0 {
            tracing::warn!(%error, "the idempotency store is unavailable: messages run without a claim, as configured");
        }
        self.counts.unguarded += 1;
        self.start_granted(index, Some(Grant::Unguarded(key)));
    }

    /// Why a record that was granted must not start after all.
    fn may_not_start(&self, index: usize) -> Option<ReasonClass> {
        self.stopped(index).or_else(|| (self.phase != Phase::Open).then_some(ReasonClass::NoTime))
    }

    fn start_granted(&mut self, index: usize, grant: Option<Grant>) {
        if let Some(class) = self.may_not_start(index) {
            self.land(index, Outcome::NotStarted(Reason::new(class)));
        } else if let Some(Flight { permit, stage: Stage::Claiming(record) }) = self.flights.remove(&index) {
            self.start(index, record, permit, grant);
        }
    }

    /// The outcome of a record whose claim was not granted.
    fn not_claimed(&self, index: usize, answer: Option<ClaimAnswer>) -> Outcome {
        match answer {
            Some(ClaimAnswer::Completed { result }) => {
                self.replayed(index, &result);
                Outcome::AlreadyDone
            }
            Some(ClaimAnswer::InProgress { .. }) => Outcome::InProgressElsewhere,
            Some(ClaimAnswer::KeyConflict) => Outcome::Rejected(Reason::new(ReasonClass::KeyConflict)),
            Some(ClaimAnswer::RejectedBefore { error }) => Outcome::Rejected(rejected_before(error.as_deref())),
            Some(ClaimAnswer::Corrupt) => retry(ReasonClass::StoreCorrupt),
            Some(ClaimAnswer::Unavailable(_)) if self.shared.seams.slips.unavailable_as_done => Outcome::AlreadyDone,
            Some(ClaimAnswer::Unavailable(error)) => with_error(ReasonClass::StoreUnavailable, &error),
            Some(ClaimAnswer::Unknown(error)) => with_error(ReasonClass::ClaimUnknown, &error),
            Some(ClaimAnswer::Acquired(_)) | None => retry(ReasonClass::ClaimUnknown),
        }
    }
}

/// With what was said then: a copy in the dead-letter queue is to tell why it is there.
fn rejected_before(error: Option<&str>) -> Reason {
    let class = ReasonClass::RejectedBefore;
    error.map_or_else(|| Reason::new(class), |error| Reason::with_text(class, error))
}

/// Planted by simulations only.
fn of_null() -> Identity {
    Identity { key: IdempotencyKey::derive("null", &[]), payload_hash: PayloadHash::of(b"null") }
}
