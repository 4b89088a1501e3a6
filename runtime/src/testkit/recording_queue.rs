//! A queue client that only remembers.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, pending, ready};

use crate::{
    batch::{QueueArn, Record},
    queue::{
        DeadLetter, EntryAnswer, QueueAttributes, QueueClient, QueueError, QueueName, RedrivePolicy, VisibilityChange,
    },
};

/// Remembers what it was told, in order, and says yes to everything, or no to what a test has it refuse.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use sqs_runtime::{Consumer, Failure, queue::Queue, testkit::{QueueCall, RecordingQueue, event::{Event, Message}, harness::Harness}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let told = Arc::new(RecordingQueue::new());
/// let consumer = Consumer::new(|| async { Err::<(), _>(Failure::retry_after(Duration::from_secs(90))) })
///     .without_idempotency()
///     .queue(Queue::new(Arc::clone(&told)));
/// Harness::new(consumer).deliver(&Event::standard("orders").message(Message::text("x").id("m1"))).await;
/// let timeout = Duration::from_secs(90);
/// assert_eq!(told.calls(), [QueueCall::ChangeVisibility { message_id: "m1".into(), timeout }]);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct RecordingQueue {
    calls: Mutex<Vec<QueueCall>>,
    attributes: QueueAttributes,
    denies: Option<&'static str>,
    is_silent: bool,
    requests: AtomicUsize,
    questions: AtomicUsize,
}

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
        /// The id of the message that it is a copy of.
        message_id: String,
        /// Why: the copy's attribute `DeadLetterReason`.
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

    /// The same with a redrive policy, for those who ask.
    #[must_use]
    pub fn redrive_policy(mut self, policy: RedrivePolicy) -> Self {
        self.attributes.redrive_policy = Some(policy);
        self
    }

    /// The same, but every operation is refused, as to a role without permissions.
    #[must_use]
    pub fn denied(mut self) -> Self {
        self.denies = Some("not authorized");
        self
    }

    /// The same, but it never answers.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.is_silent = true;
        self
    }

    /// How many batch calls it got so far: of at most ten entries each.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// How often it was asked for its attributes.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::Relaxed)
    }

    /// What it was told so far.
    #[must_use]
    pub fn calls(&self) -> Vec<QueueCall> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Vec<QueueCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, calls: impl ExactSizeIterator<Item = QueueCall>) -> BoxFuture<'_, Vec<EntryAnswer>> {
        let answer = || self.denies.map_or(Ok(()), |why| Err(QueueError::denied(why)));
        let answers = std::iter::repeat_with(answer).take(calls.len()).collect();
        self.locked().extend(calls);
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.is_silent { Box::pin(pending()) } else { Box::pin(ready(answers)) }
    }
}

fn id(record: &Record) -> String {
    record.message_id().into()
}

fn reason(letter: &DeadLetter) -> String {
    let reason = letter.attributes().find(|(name, _)| *name == "DeadLetterReason");
    reason.and_then(|(_, attribute)| attribute.as_str()).unwrap_or_default().into()
}

type Time = Option<Duration>;

impl QueueClient for RecordingQueue {
    fn attributes<'a>(&'a self, _: QueueArn<'a>, _: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let answer = self.denies.map_or_else(|| Ok(self.attributes.clone()), |why| Err(QueueError::denied(why)));
        Box::pin(ready(answer))
    }

    fn change_visibility<'a>(
        &'a self,
        _: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        _: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.record(changes.iter().map(|VisibilityChange { record, timeout }| QueueCall::ChangeVisibility {
            message_id: id(record),
            timeout: *timeout,
        }))
    }

    fn send<'a>(&'a self, _: QueueName<'a>, letters: &'a [DeadLetter], _: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.record(letters.iter().map(|letter| QueueCall::SendToDeadLetter {
            message_id: letter.original_id().into(),
            reason: reason(letter),
        }))
    }

    fn delete<'a>(&'a self, _: QueueArn<'a>, records: &'a [Record], _: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.record(records.iter().map(|record| QueueCall::Delete { message_id: id(record) }))
    }
}
