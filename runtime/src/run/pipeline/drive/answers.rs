//! What the store answered, and what that means for a record.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::{Drive, Stored, retry};
use crate::{
    claim::{ClaimAnswer, CompleteAnswer, HeldAnswer, Lease, StoreError},
    layer::Panicked,
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Stage},
    },
};

impl Drive {
    pub(super) fn on_stored(&mut self, stored: Stored) {
        match stored {
            Stored::Claimed(indexes, answers) => self.on_claimed(indexes, answers),
            Stored::Completed(indexes, answers) => {
                for (index, answer) in answered(indexes, answers) {
                    self.land(index, completed(answer));
                }
            }
            Stored::GivenUp(outcomes, answers) => {
                for ((index, outcome), answer) in answered(outcomes, answers) {
                    if let Some(HeldAnswer::Unknown(error)) = answer {
                        tracing::warn!(index, %error, "a claim could not be given up; it runs out with its lease");
                    }
                    self.land(index, outcome);
                }
            }
        }
    }

    fn on_claimed(&mut self, indexes: Vec<usize>, answers: Vec<ClaimAnswer>) {
        // A claim may take long: what is granted after the time to start is given back.
        self.look_at_the_clock();
        let mut unstarted = Vec::new();
        for (index, answer) in answered(indexes, answers) {
            match answer {
                Some(ClaimAnswer::Acquired(lease)) if self.phase == Phase::Open => self.start_claimed(index, lease),
                Some(ClaimAnswer::Acquired(lease)) => {
                    unstarted.push((index, lease, Outcome::NotStarted(Reason::new(ReasonClass::NoTime))));
                }
                refused => self.land(index, not_claimed(refused)),
            }
        }
        self.release(unstarted);
    }

    fn start_claimed(&mut self, index: usize, lease: Lease) {
        if let Some(Flight { permit, stage: Stage::Claiming(record) }) = self.flights.remove(&index) {
            self.start(index, record, permit, Some(lease));
        }
    }

    /// The record's outcome is known: its permit is free.
    pub(super) fn land(&mut self, index: usize, outcome: Outcome) {
        if self.flights.remove(&index).is_some() {
            self.schedule.settle(index, outcome);
        }
    }
}

fn with_error(class: ReasonClass, error: &StoreError) -> Outcome {
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
fn answered<T, A>(asked: Vec<T>, answers: Vec<A>) -> impl Iterator<Item = (T, Option<A>)> {
    asked.into_iter().zip(answers.into_iter().map(Some).chain(std::iter::repeat_with(|| None)))
}

fn not_claimed(answer: Option<ClaimAnswer>) -> Outcome {
    match answer {
        Some(ClaimAnswer::Completed { .. }) => Outcome::AlreadyDone,
        Some(ClaimAnswer::InProgress { .. }) => Outcome::InProgressElsewhere,
        Some(ClaimAnswer::KeyConflict) => Outcome::Rejected(Reason::new(ReasonClass::KeyConflict)),
        Some(ClaimAnswer::RejectedBefore { .. }) => Outcome::Rejected(Reason::new(ReasonClass::RejectedBefore)),
        Some(ClaimAnswer::Corrupt) => retry(ReasonClass::StoreCorrupt),
        Some(ClaimAnswer::Unavailable(error)) => with_error(ReasonClass::StoreUnavailable, &error),
        Some(ClaimAnswer::Unknown(error)) => with_error(ReasonClass::ClaimUnknown, &error),
        Some(ClaimAnswer::Acquired(_)) | None => retry(ReasonClass::ClaimUnknown),
    }
}

fn completed(answer: Option<CompleteAnswer>) -> Outcome {
    match answer {
        Some(CompleteAnswer::Committed) => Outcome::Done,
        Some(CompleteAnswer::CompletedElsewhere) => Outcome::AlreadyDone,
        Some(CompleteAnswer::KeyConflict) => Outcome::Rejected(Reason::new(ReasonClass::KeyConflict)),
        Some(CompleteAnswer::LeaseLost) => retry(ReasonClass::LeaseLost),
        Some(CompleteAnswer::Unknown(error)) => with_error(ReasonClass::CommitUnknown, &error),
        None => retry(ReasonClass::CommitUnknown),
    }
}
