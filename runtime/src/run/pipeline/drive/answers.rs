//! What the store answered, and what that means for a record.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

use super::{Drive, Stored, retry};
use crate::{
    claim::{CompleteAnswer, Grant, HeldAnswer, StoreError, StoredResult, TransactAnswer},
    layer::Panicked,
    outcome::{Outcome, Reason, ReasonClass},
};

impl Drive {
    pub(super) fn on_stored(&mut self, stored: Stored) {
        match stored {
            Stored::Asked(stored, took) => {
                self.counts.store.took.push(took);
                self.counts.store.unanswered += stored.unanswered();
                self.on_stored(*stored);
            }
            Stored::Claimed(indexes, answers) => self.on_claimed(indexes, answers),
            Stored::Looked(reads, answers) => self.on_looked(reads, answers),
            Stored::Completed(indexes, answers) => {
                for (index, answer) in answered(indexes, answers) {
                    self.on_completed(index, answer);
                }
                self.note_recorded();
            }
            Stored::Transacted(index, grant, answer) => self.on_transacted(index, grant, answer),
            Stored::GivenUp(outcomes, answers) => {
                for ((index, outcome), answer) in answered(outcomes, answers) {
                    match answer {
                        Some(HeldAnswer::Written | HeldAnswer::LeaseLost) => self.schedule.frees(index),
                        Some(HeldAnswer::Unknown(error)) => {
                            tracing::warn!(index, %error, "a claim could not be given up; it runs out with its lease");
                        }
                        None => {}
                    }
                    self.land(index, outcome);
                }
            }
            Stored::Cancelled(outcomes) => outcomes.into_iter().for_each(|(index, outcome)| self.land(index, outcome)),
            Stored::Sent(outcomes, answers) => self.on_sent(outcomes, answers),
            Stored::Waited(index) => self.ask_again(index),
            Stored::Deleted(indexes, answers) => self.on_deleted(&indexes, &answers),
            Stored::Entered(room) => self.on_entered(room),
            Stored::Unyielding(index) => self.leave_behind(index),
        }
    }

    fn on_completed(&mut self, index: usize, answer: Option<CompleteAnswer>) {
        let outcome = match answer {
            Some(CompleteAnswer::Committed) => Outcome::Done,
            Some(CompleteAnswer::CompletedElsewhere) => Outcome::AlreadyDone,
            Some(CompleteAnswer::KeyConflict) => Outcome::Rejected(Reason::new(ReasonClass::KeyConflict)),
            Some(CompleteAnswer::LeaseLost) => retry(ReasonClass::LeaseLost),
            Some(CompleteAnswer::Unknown(error)) => self.commit_unknown(Some(&error)),
            None => self.commit_unknown(None),
        };
        self.land(index, outcome);
    }

    /// What a transaction came to. Where nothing was written, the claim is given up as after a failure of the handler.
    fn on_transacted(&mut self, index: usize, grant: Grant, answer: Option<TransactAnswer>) {
        let outcome = match answer {
            Some(TransactAnswer::Decided(answer)) => return self.on_completed(index, Some(answer)),
            None => return self.on_completed(index, None),
            Some(TransactAnswer::ConditionRefused(outcome)) => outcome,
            Some(TransactAnswer::NotWritten(error)) => with_error(ReasonClass::NotCommitted, &error),
        };
        match grant {
            Grant::Lease(lease) => self.give_up(index, lease, outcome),
            Grant::Mark(_) | Grant::Unguarded(_) => self.land(index, outcome),
        }
    }

    /// The outcome of a success that may or may not be recorded.
    pub(super) fn commit_unknown(&self, error: Option<&StoreError>) -> Outcome {
        if self.shared.idempotency.as_ref().is_some_and(|idempotency| idempotency.acknowledges_unknown_commits()) {
            tracing::warn!("a success may not be recorded; its message is acknowledged, as configured");
            return Outcome::Done;
        }
        error.map_or_else(|| retry(ReasonClass::CommitUnknown), |error| with_error(ReasonClass::CommitUnknown, error))
    }

    /// Tells the consumer's hook of a message that is done already.
    pub(super) fn replayed(&self, index: usize, result: &StoredResult) {
        let (Some(idempotency), Ok(record)) = (&self.shared.idempotency, self.batch.record(index)) else { return };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| idempotency.replayed(&record, result))) {
            tracing::error!(panic = %Panicked::new(panic), "the hook for replays panicked");
        }
    }

    /// The record's outcome is known: its permit is free, unless it has to go to the dead-letter queue first.
    pub(super) fn land(&mut self, index: usize, outcome: Outcome) {
        if self.goes_to_the_dead_letter_queue(index, &outcome) {
            self.settling(index, outcome.clone());
            self.letters.push((index, outcome));
        } else {
            self.settle(index, outcome);
        }
    }

    /// The record's outcome is final.
    pub(super) fn settle(&mut self, index: usize, outcome: Outcome) {
        if let Some(flight) = self.flights.remove(&index) {
            self.landed.extend(flight.permit.counted);
            self.schedule.settle(index, outcome);
        }
    }
}

pub(super) fn with_error(class: ReasonClass, error: &StoreError) -> Outcome {
    Outcome::Retry(Reason::with_text(class, &error.to_string()))
}

/// What a store answers. A store that panics has answered nothing, and only for the messages that it was asked about.
pub(super) async fn unless_it_panics<A, F: Future<Output = Vec<A>>>(call: impl FnOnce() -> F) -> Vec<A> {
    let answers = AssertUnwindSafe(async move { call().await }).catch_unwind().await;
    answers.unwrap_or_else(|panic| {
        tracing::error!(panic = %Panicked::new(panic), "the idempotency store panicked");
        Vec::new()
    })
}

/// Pairs each element with its answer; an answer that is missing is `None`, an unknown.
pub(crate) fn answered<T, A>(asked: Vec<T>, answers: Vec<A>) -> impl Iterator<Item = (T, Option<A>)> {
    asked.into_iter().zip(answers.into_iter().map(Some).chain(std::iter::repeat_with(|| None)))
}
