//! A message, from its sending to its last receive.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::message_id;
use crate::testkit::event::{AttributeValue, Message};

/// A message that is sent. A [`Message`] of the event builders becomes one, in its envelopes:
///
/// ```
/// use sqs_runtime::testkit::{SentMessage, event::Message};
///
/// let sent = SentMessage::from(Message::json(&7)?.attribute("tenant", "t1").in_sns());
/// assert!(sent.body.contains("Notification"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMessage {
    /// Its text.
    pub body: String,
    /// Its message group: order on a FIFO queue, a tenant on a fair one.
    pub group: Option<String>,
    /// What a FIFO queue tells repetitions by. Without one a message is like no other.
    pub deduplication_id: Option<String>,
    /// Its message attributes, by name.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Its X-Ray trace header.
    pub trace_header: Option<String>,
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

    /// The same with a message attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

impl From<Message> for SentMessage {
    /// What only a receive gives a message is left out: its id, its receipt, its receive count, its times.
    fn from(message: Message) -> Self {
        message.into_sent()
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

impl Received {
    /// As a message of an event, of the so-manieth queue; at a time since the start it was so late by the wall.
    pub(in crate::testkit) fn message(&self, queue: usize, wall: impl Fn(Duration) -> SystemTime) -> Message {
        Message::received(&self.sent, self.number)
            .id(message_id(queue, self.number))
            .receipt_handle(format!("receipt-{}", self.receipt))
            .receive_count(self.receive_count)
            .sent_at(wall(self.sent_at))
            .first_received_at(wall(self.first_received_at))
    }
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
        let received = Received { receipt, ..self.next_receive(number, now) };
        (self.receive_count, self.receipt) = (received.receive_count, Some(receipt));
        self.first_received_at = Some(received.first_received_at);
        (self.received_at, self.visible_at) = (now, visible_at);
        received
    }

    /// What it would be as one that is handed out now; the receipt is yet to come.
    pub(super) fn next_receive(&self, number: u64, now: Duration) -> Received {
        Received {
            number,
            receipt: 0,
            sent: self.sent.clone(),
            sent_at: self.sent_at,
            first_received_at: self.first_received_at.unwrap_or(now),
            receive_count: self.receive_count + 1,
        }
    }
}
