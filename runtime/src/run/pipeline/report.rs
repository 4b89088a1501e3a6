//! What became of a batch.

use std::{fmt, time::Duration};

use super::{last_word::LastWord, schedule::Slot};
use crate::{
    batch::Batch,
    outcome::{Outcome, Reason, ReasonClass},
    response::{FailedInvocation, PartialBatchResponse},
};

/// What became of a batch: one outcome for each record, and what each run took.
#[derive(Clone)]
pub struct Report {
    batch: Batch,
    slots: Vec<Slot>,
    counts: Counts,
    /// What succeeded was deleted here.
    acknowledges: bool,
    /// The invocation is to fail by its own condition.
    is_to_fail: bool,
    took: Duration,
}

/// What is counted beside the outcomes.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) nothing_to_do: usize,
    pub(super) unguarded: usize,
    pub(super) store: StoreCalls,
}

/// What the store was asked for a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreCalls {
    /// How long each call took.
    pub(crate) took: Vec<Duration>,
    /// Questions about one message that were not answered.
    pub(crate) unanswered: usize,
}

/// What became of one record.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RecordReport<'a> {
    /// The record's place in the batch, counted from 0.
    pub index: usize,
    /// Its message id; `None` where it has none.
    pub message_id: Option<&'a str>,
    /// What happened to it.
    pub outcome: &'a Outcome,
    /// How often its handler was started: 0 or 1, more where a layer tries again.
    pub runs: u16,
    /// How long its task took, layers included; zero where it had none.
    pub duration: Duration,
    /// What SQS was told about it, and whether it agreed.
    pub last_word: LastWord,
}

/// Of a record whose slot was never filled. An unknown outcome is a failure.
static UNKNOWN: std::sync::LazyLock<Outcome> =
    std::sync::LazyLock::new(|| Outcome::Retry(Reason::new(ReasonClass::Cancelled)));

impl Report {
    pub(super) fn new(batch: Batch, slots: Vec<Slot>, counts: Counts, acknowledges: bool, took: Duration) -> Self {
        Self { batch, slots, counts, acknowledges, is_to_fail: false, took }
    }

    pub(super) fn failing(self, is_to_fail: bool) -> Self {
        Self { is_to_fail, ..self }
    }

    /// The batch.
    #[must_use]
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// What became of each record, in the order of the event.
    pub fn records(&self) -> impl ExactSizeIterator<Item = RecordReport<'_>> {
        self.slots.iter().enumerate().map(|(index, slot)| RecordReport {
            index,
            message_id: self.batch.message_id(index),
            outcome: slot.outcome.as_ref().unwrap_or(&UNKNOWN),
            runs: slot.runs,
            duration: slot.duration(),
            last_word: slot.last_word(),
        })
    }

    /// The outcome of the record at that place.
    #[must_use]
    pub fn outcome(&self, index: usize) -> Option<&Outcome> {
        self.records().nth(index).map(|record| record.outcome)
    }

    /// The outcome of the message with that id; of a repeated one, its first record's.
    #[must_use]
    pub fn outcome_of(&self, message_id: &str) -> Option<&Outcome> {
        self.records().find(|record| record.message_id == Some(message_id)).map(|record| record.outcome)
    }

    /// How long the batch took, from its arrival to its last word.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.took
    }

    /// How many messages were done because they ask for nothing: test events of S3 notifications.
    #[must_use]
    pub fn nothing_to_do(&self) -> usize {
        self.counts.nothing_to_do
    }

    /// How many messages ran without a claim because the store was down:
    /// [`Idempotency::run_unguarded`](crate::Idempotency::run_unguarded).
    #[must_use]
    pub fn unguarded(&self) -> usize {
        self.counts.unguarded
    }

    pub(crate) fn store_calls(&self) -> &StoreCalls {
        &self.counts.store
    }

    /// Whether what succeeded was deleted by the consumer itself.
    #[must_use]
    pub fn acknowledges(&self) -> bool {
        self.acknowledges
    }

    /// How many messages come back.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.records().filter(|record| record.outcome.is_failure()).count()
    }

    /// Whether every message comes back; not of an empty batch.
    #[must_use]
    pub fn all_failed(&self) -> bool {
        !self.batch.is_empty() && self.failed() == self.batch.len()
    }

    /// Whether the idempotency store refused what it was asked for some message, or did not answer: a time-out counts, too.
    #[must_use]
    pub fn is_store_down(&self) -> bool {
        self.records().any(|record| record.outcome.reason().is_some_and(|reason| reason.class().is_outage()))
    }

    /// Whether a handler said of its failure that others will meet it too: [`Failure::shared`](crate::Failure::shared).
    #[must_use]
    pub fn has_shared_failure(&self) -> bool {
        self.records().any(|record| record.outcome.reason().is_some_and(Reason::is_shared))
    }

    /// The answer to the event.
    ///
    /// # Errors
    ///
    /// If a record failed that has no message id to report it by; or if any did where the consumer
    /// [acknowledges](crate::queue::Queue::acknowledge_explicitly) what succeeded itself, or where the invocation is
    /// [to fail](crate::handler::Invocation::fail_when) for what its messages came to.
    pub fn response(&self) -> Result<PartialBatchResponse, FailedInvocation> {
        let succeeded = |slot: &Slot| slot.outcome.as_ref().is_some_and(Outcome::is_success);
        let response =
            PartialBatchResponse::fold_by(&self.batch, |index| self.slots.get(index).is_some_and(succeeded))?;
        if self.acknowledges && !response.is_complete_success() {
            return Err(FailedInvocation::acknowledged(self.failed(), self.batch.len()));
        }
        if self.is_to_fail && !response.is_complete_success() {
            return Err(FailedInvocation::chosen(self.failed(), self.batch.len()));
        }
        Ok(response)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.records().map(|record| record.outcome)).finish()
    }
}
