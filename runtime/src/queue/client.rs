//! What a client of a queue must do.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{DeadLetter, QueueAttributes, QueueError};
use crate::batch::{QueueArn, Record};

/// How many entries a batch call of SQS may have.
pub const MAX_ENTRIES: usize = 10;

/// Speaks to SQS about messages that were received.
///
/// The operations on messages take at most [`MAX_ENTRIES`] elements, the limit of SQS's batch calls, all of one queue, and give one
/// answer for each, in the same order: a call that succeeds as a whole may hold entries that failed, and what SQS does not name
/// as done was not. `time_left` is the
/// time after which nobody waits for the answers; `None` where no end is known. `testkit::conformance` has what a client must hold.
pub trait QueueClient: Send + Sync + 'static {
    /// What the queue is set to.
    fn attributes<'a>(
        &'a self,
        queue: QueueArn<'a>,
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Result<QueueAttributes, QueueError>>;

    /// Hides messages for that long from now. Past 12 h since the receive is an error, not a clamp.
    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>>;

    /// Sends copies to a dead-letter queue. At least once: what was not confirmed may have been sent.
    fn send<'a>(
        &'a self,
        to: QueueName<'a>,
        letters: &'a [DeadLetter],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>>;

    /// Deletes messages by their receipt handles. Deleting again with the same one succeeds on SQS.
    fn delete<'a>(
        &'a self,
        queue: QueueArn<'a>,
        records: &'a [Record],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>>;
}

impl<C: QueueClient + ?Sized> QueueClient for Arc<C> {
    fn attributes<'a>(
        &'a self,
        queue: QueueArn<'a>,
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        (**self).attributes(queue, time_left)
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        (**self).change_visibility(queue, changes, time_left)
    }

    fn send<'a>(
        &'a self,
        to: QueueName<'a>,
        letters: &'a [DeadLetter],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        (**self).send(to, letters, time_left)
    }

    fn delete<'a>(
        &'a self,
        queue: QueueArn<'a>,
        records: &'a [Record],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        (**self).delete(queue, records, time_left)
    }
}

/// What came of one entry of a batch call.
pub type EntryAnswer = Result<(), QueueError>;

/// How a queue is called that messages are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueName<'a> {
    /// By its URL, as SQS gives it.
    Url(&'a str),
    /// By its Amazon Resource Name, as a redrive policy has it.
    Arn(QueueArn<'a>),
}

impl<'a> QueueName<'a> {
    /// Tells an Amazon Resource Name from a URL.
    #[must_use]
    pub fn of(name: &'a str) -> Self {
        if name.starts_with("arn:") { Self::Arn(QueueArn::new(name)) } else { Self::Url(name) }
    }

    /// Whether the queue is FIFO: its name, and so both of these, ends in `.fifo`.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        match self {
            Self::Url(url) => url.ends_with(".fifo"),
            Self::Arn(arn) => arn.is_fifo(),
        }
    }
}

/// How long one message shall stay hidden.
#[derive(Clone, Debug)]
pub struct VisibilityChange {
    /// The message, whose receipt handle names the receive. From a worker without its body and message attributes.
    pub record: Record,
    /// From now, whole seconds on the wire; 0 makes it visible at once.
    pub timeout: Duration,
}
