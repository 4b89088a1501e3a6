//! A queue client that only remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};

use crate::queue::{DeadLetter, Entry, EntryAnswer, QueueClient, VisibilityChange};

/// Remembers what it was told, in order, and says yes to everything.
#[derive(Debug, Default)]
pub struct RecordingQueue(Mutex<Vec<QueueCall>>);

/// One thing that a queue was told about one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueCall {
    /// Hide the message for that long.
    ChangeVisibility {
        /// The message's id.
        message_id: String,
        /// From now.
        timeout: Duration,
    },
    /// Send a copy to the dead-letter queue.
    SendToDeadLetter {
        /// The message's id.
        message_id: String,
        /// Why.
        reason: String,
    },
    /// Delete the message.
    Delete {
        /// The message's id.
        message_id: String,
    },
}

impl RecordingQueue {
    /// A queue that was told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What it was told so far.
    #[must_use]
    pub fn calls(&self) -> Vec<QueueCall> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Vec<QueueCall>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, calls: impl ExactSizeIterator<Item = QueueCall>) -> BoxFuture<'_, Vec<EntryAnswer>> {
        let answers = std::iter::repeat_with(|| Ok(())).take(calls.len()).collect();
        self.locked().extend(calls);
        Box::pin(ready(answers))
    }
}

impl QueueClient for RecordingQueue {
    fn change_visibility<'a>(&'a self, changes: &'a [VisibilityChange]) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.record(changes.iter().map(|change| QueueCall::ChangeVisibility {
            message_id: change.record.message_id().into(),
            timeout: change.timeout,
        }))
    }

    fn send_to_dead_letter<'a>(&'a self, letters: &'a [DeadLetter]) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.record(letters.iter().map(|letter| QueueCall::SendToDeadLetter {
            message_id: letter.record.message_id().into(),
            reason: letter.reason.clone(),
        }))
    }

    fn delete<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.record(entries.iter().map(|entry| QueueCall::Delete { message_id: entry.record.message_id().into() }))
    }
}
