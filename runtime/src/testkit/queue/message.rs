//! A message, from its sending to its last receive.

use std::time::Duration;

/// A message that is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMessage {
    /// Its text.
    pub body: String,
    /// Its message group: order on a FIFO queue, a tenant on a fair one.
    pub group: Option<String>,
    /// What a FIFO queue tells repetitions by.
    pub deduplication_id: Option<String>,
}

impl SentMessage {
    /// A message of that text.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The same in a message group.
    #[must_use]
    pub fn group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// The same with a deduplication id.
    #[must_use]
    pub fn deduplication_id(self, id: impl Into<String>) -> Self {
        Self { deduplication_id: Some(id.into()), ..self }
    }
}

/// A message in the queue.
pub(super) struct Stored {
    pub(super) sent: SentMessage,
    pub(super) sent_at: Duration,
    pub(super) received_at: Duration,
    first_received_at: Option<Duration>,
    pub(super) visible_at: Duration,
    pub(super) receive_count: u32,
    pub(super) receipt: Option<u64>,
}

/// One receive of a message.
#[derive(Clone, Debug)]
pub(in crate::testkit) struct Received {
    pub(in crate::testkit) number: u64,
    pub(in crate::testkit) receipt: u64,
    pub(in crate::testkit) sent: SentMessage,
    pub(in crate::testkit) sent_at: Duration,
    pub(in crate::testkit) first_received_at: Duration,
    pub(in crate::testkit) receive_count: u32,
}

impl Stored {
    pub(super) fn new(sent: SentMessage, now: Duration, visible_at: Duration) -> Self {
        Self {
            sent,
            sent_at: now,
            received_at: now,
            first_received_at: None,
            visible_at,
            receive_count: 0,
            receipt: None,
        }
    }

    pub(super) fn receive(&mut self, number: u64, receipt: u64, visible_at: Duration, now: Duration) -> Received {
        self.receive_count += 1;
        self.receipt = Some(receipt);
        (self.received_at, self.visible_at) = (now, visible_at);
        let first_received_at = *self.first_received_at.get_or_insert(now);
        let (sent, sent_at, receive_count) = (self.sent.clone(), self.sent_at, self.receive_count);
        Received { number, receipt, sent, sent_at, first_received_at, receive_count }
    }
}
