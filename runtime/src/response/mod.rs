//! Stage 8, what we tell Lambda: a pure fold of outcomes into a partial batch response.
//!
//! A wrong identifier in the answer makes Lambda fail the whole batch, or worse, is undocumented. So identifiers are never
//! made here: they are slices of the event that came in, none empty, none twice. What cannot be named fails the
//! invocation.
//!
//! Does no I/O, knows no clock, names no runtime.

mod failed;

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
};

use serde::{Serialize, Serializer, ser::SerializeStruct};

pub use self::failed::FailedInvocation;
use crate::{batch::Batch, outcome::Outcome};

/// The answer to one event: which of its messages come back. Everything that is not named is deleted.
///
/// Serialises as `{"batchItemFailures":[{"itemIdentifier":"ID"}, ..]}`, in the order of the event. Holds places in the
/// batch, 4 bytes for each failure, not copies of the ids.
#[derive(Clone)]
pub struct PartialBatchResponse {
    batch: Batch,
    /// Places of the failures: each has an id, and no two have the same.
    failures: Vec<u32>,
}

impl PartialBatchResponse {
    /// Folds one outcome for each record into the answer. A record without an outcome counts as failed.
    ///
    /// On a FIFO queue, whatever comes behind a failure of the same group is failed with it, even where its own outcome was
    /// a success: its order would be lost.
    ///
    /// # Errors
    ///
    /// If a failed record has no message id: nothing can name it, and leaving it out would delete it.
    pub fn fold(batch: &Batch, outcomes: &[Outcome]) -> Result<Self, FailedInvocation> {
        Self::fold_by(batch, |index| outcomes.get(index).is_some_and(Outcome::is_success))
    }

    pub(crate) fn fold_by(batch: &Batch, succeeded: impl Fn(usize) -> bool) -> Result<Self, FailedInvocation> {
        let mut unnamed = 0_usize;
        let mut failed_groups = HashSet::new();
        let mut failed_ids = HashSet::new();
        let mut failures = Vec::new();
        for index in 0..batch.len() {
            let group = batch.ordered_group(index);
            let is_blocked = group.is_some_and(|group| failed_groups.contains(&group));
            if succeeded(index) && !is_blocked {
                continue;
            }
            failed_groups.extend(group);
            match batch.message_id(index) {
                None => unnamed += 1,
                Some(id) if failed_ids.insert(id) => failures.extend(u32::try_from(index)),
                Some(_) => {}
            }
        }
        match unnamed {
            0 => Ok(Self { batch: batch.clone(), failures }),
            unnamed => Err(FailedInvocation::unnamed(unnamed, batch.len())),
        }
    }

    /// The ids of the messages that come back, in the order of the event; none empty, none twice.
    pub fn item_identifiers(&self) -> impl ExactSizeIterator<Item = &str> {
        self.failures.iter().map(|index| self.batch.message_id(*index as usize).unwrap_or_default())
    }

    /// Whether every message of the batch is deleted.
    #[must_use]
    pub fn is_complete_success(&self) -> bool {
        self.failures.is_empty()
    }

    /// The answer as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps of strings always serialise; were that to change, an answer that is no JSON fails the batch: nothing is lost.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for PartialBatchResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut response = serializer.serialize_struct("PartialBatchResponse", 1)?;
        response.serialize_field("batchItemFailures", &Failures(self))?;
        response.end()
    }
}

struct Failures<'a>(&'a PartialBatchResponse);

impl Serialize for Failures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.item_identifiers().map(|item_identifier| BatchItemFailure { item_identifier }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure<'a> {
    item_identifier: &'a str,
}

impl fmt::Debug for PartialBatchResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: BTreeSet<_> = self.item_identifiers().map(crate::batch::loggable).collect();
        f.debug_struct("PartialBatchResponse").field("item_identifiers", &ids).finish()
    }
}

#[cfg(feature = "lambda")]
impl From<&PartialBatchResponse> for aws_lambda_events::event::sqs::SqsBatchResponse {
    /// The same answer as the type of `aws_lambda_events`.
    fn from(response: &PartialBatchResponse) -> Self {
        let mut theirs = Self::default();
        for id in response.item_identifiers() {
            theirs.add_failure(id);
        }
        theirs
    }
}
