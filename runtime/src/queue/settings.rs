//! What the queue is told about messages that did not succeed.

use std::{fmt, sync::Arc};

use super::{Backoff, QueueClient, known::Known};
use crate::batch::QueueArn;

/// What the queue is told about messages that did not succeed: for how long they stay hidden, and what goes to the dead-letter
/// queue at once.
///
/// Without it ([`Consumer::queue`](crate::Consumer::queue) not called, and no default of [`run`](crate::run())) failures are reported and
/// nothing else: they come back
/// after the queue's visibility timeout, and the redrive policy alone moves them to the dead-letter queue.
///
/// The role needs `sqs:ChangeMessageVisibility` and `sqs:GetQueueUrl` on the queue; for dead letters also `sqs:SendMessage` and
/// `sqs:GetQueueUrl` on the dead-letter queue, and `sqs:GetQueueAttributes` on the queue where its redrive policy is asked. Where a
/// permission is missing that is said once for each kind of call, and messages come back as without.
#[derive(Clone)]
pub struct Queue {
    pub(crate) client: Arc<dyn QueueClient>,
    pub(crate) backoff: Backoff,
    dead_letters: DeadLetters,
    max_receive_count: Option<u32>,
    /// Successes are deleted by the consumer itself.
    pub(crate) acknowledges: bool,
    pub(crate) known: Arc<Known>,
}

/// Where rejected messages go.
#[derive(Clone, Debug)]
enum DeadLetters {
    /// Where the redrive policy has them go, when it has.
    Left,
    /// To the redrive policy's queue, at once.
    ByRedrivePolicy,
    /// To this one, by URL or Amazon Resource Name.
    To(Arc<str>),
}

impl Queue {
    /// Tells the queue through this client: failed messages stay hidden by [`Backoff::default`].
    pub fn new(client: impl QueueClient) -> Self {
        Self {
            client: Arc::new(client),
            backoff: Backoff::default(),
            dead_letters: DeadLetters::Left,
            max_receive_count: None,
            acknowledges: false,
            known: Arc::default(),
        }
    }

    /// For how long failed messages stay hidden.
    #[must_use]
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Sends messages that are rejected to this dead-letter queue at once, with the reason, instead of letting them come back until
    /// the redrive policy moves them. By URL or Amazon Resource Name.
    ///
    /// A message is deleted only once the queue has confirmed its copy; a copy may be sent twice, and then carries the same
    /// `OriginalMessageId`. [`DeadLetter`](super::DeadLetter) says what a copy has.
    #[must_use]
    pub fn dead_letter_queue(self, queue: impl Into<String>) -> Self {
        Self { dead_letters: DeadLetters::To(queue.into().into()), ..self }
    }

    /// The same, to the queue that the redrive policy of each message's queue names; asked for once in the life of a process.
    #[must_use]
    pub fn dead_letters_by_redrive_policy(self) -> Self {
        Self { dead_letters: DeadLetters::ByRedrivePolicy, ..self }
    }

    /// The `maxReceiveCount` of the redrive policy, where the consumer may not ask for it. A FIFO message that fails at its last
    /// receive but one or later goes to the dead-letter queue, so that those behind it keep a delivery of their own.
    #[must_use]
    pub fn max_receive_count(self, receives: u32) -> Self {
        Self { max_receive_count: Some(receives), ..self }
    }

    /// Deletes what succeeded itself, and then fails the invocation if anything else did not: right whether or not the event source
    /// mapping has `ReportBatchItemFailures`, which nothing in an event tells. It costs a request for every ten messages and needs
    /// `sqs:DeleteMessage`; where the setting is sure to be on, it is not needed.
    #[must_use]
    pub fn acknowledge_explicitly(self) -> Self {
        Self { acknowledges: true, ..self }
    }

    /// Whether rejected messages go to a dead-letter queue at once.
    pub(crate) fn has_dead_letters(&self) -> bool {
        !matches!(self.dead_letters, DeadLetters::Left)
    }

    /// Whether the queue's own settings matter.
    pub(crate) fn asks_for_attributes(&self, queue: QueueArn<'_>) -> bool {
        match self.dead_letters {
            DeadLetters::Left => false,
            DeadLetters::ByRedrivePolicy => true,
            DeadLetters::To(_) => queue.is_fifo() && self.max_receive_count.is_none(),
        }
    }

    /// The dead-letter queue for messages of that queue, if there is one: its URL or Amazon Resource Name.
    pub(crate) fn dead_letter_queue_of(&self, queue: QueueArn<'_>) -> Option<Arc<str>> {
        match &self.dead_letters {
            DeadLetters::Left => None,
            DeadLetters::To(name) => Some(Arc::clone(name)),
            DeadLetters::ByRedrivePolicy => Some(self.known.of(queue)?.redrive_policy?.dead_letter_queue.into()),
        }
    }

    /// After how many receives a message of that queue is moved by SQS, as far as is known.
    pub(crate) fn max_receives(&self, queue: QueueArn<'_>) -> Option<u32> {
        let known = || Some(self.known.of(queue)?.redrive_policy?.max_receive_count);
        self.max_receive_count.or_else(known)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("backoff", &self.backoff)
            .field("dead_letters", &self.has_dead_letters())
            .field("max_receive_count", &self.max_receive_count)
            .field("acknowledges", &self.acknowledges)
            .finish_non_exhaustive()
    }
}
