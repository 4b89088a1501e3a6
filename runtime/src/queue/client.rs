//! What a client of a queue must do.

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;
use tower::BoxError;

use crate::batch::Record;

/// How many entries a batch call of SQS may have.
pub const MAX_ENTRIES: usize = 10;

/// Speaks to SQS about messages that were received.
///
/// Every operation takes at most [`MAX_ENTRIES`] elements, the limit of SQS's batch calls, and gives one
/// answer for each, in the same order. A call that succeeds as a whole may hold entries that failed.
pub trait QueueClient: Send + Sync + 'static {
    /// Hides messages for that long from now. At most 12 h after the receive in sum: going past that is an error, not a
    /// clamp.
    fn change_visibility<'a>(&'a self, changes: &'a [VisibilityChange]) -> BoxFuture<'a, Vec<EntryAnswer>>;

    /// Sends copies to the dead-letter queue, with body and attributes. At least once.
    fn send_to_dead_letter<'a>(&'a self, letters: &'a [DeadLetter]) -> BoxFuture<'a, Vec<EntryAnswer>>;

    /// Deletes messages. Deleting again with the same receipt handle succeeds on SQS.
    fn delete<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Vec<EntryAnswer>>;
}

/// What came of one entry of a batch call.
pub type EntryAnswer = Result<(), QueueError>;

/// One message, by its receive.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The record, whose receipt handle names the receive.
    pub record: Record,
}

/// How long one message shall stay hidden.
#[derive(Clone, Debug)]
pub struct VisibilityChange {
    /// The message.
    pub record: Record,
    /// From now, whole seconds on the wire; 0 makes it visible at once.
    pub timeout: Duration,
}

/// One message that can never succeed.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The message.
    pub record: Record,
    /// Why, for whoever looks into the dead-letter queue.
    pub reason: String,
}

/// Why SQS refused an entry.
pub struct QueueError {
    error: BoxError,
    is_lost: bool,
}

impl QueueError {
    /// An error after which trying again may help.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self { error: error.into(), is_lost: false }
    }

    /// The receipt handle is no longer valid: the message is visible to others, or gone.
    pub fn lost(error: impl Into<BoxError>) -> Self {
        Self { error: error.into(), is_lost: true }
    }

    /// Whether the receipt handle is no longer valid.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueError").field("error", &self.error).field("is_lost", &self.is_lost).finish()
    }
}

impl std::error::Error for QueueError {}
