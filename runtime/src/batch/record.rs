//! One message, as a handler may look at it.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use super::{
    Inner, QueueArn,
    entry::{Attribute, Entry},
    message_attribute::{MessageAttribute, MessageAttributes},
    unescape,
};

/// One SQS message of a batch, with typed access to everything that came with it.
///
/// A record always has a message id and a body. It shares the event's text with its batch: cloning one costs a counter.
/// `Debug` shows the message id and sizes, never the body, attributes or the receipt handle.
#[derive(Clone)]
pub struct Record(Arc<Parts>);

pub(super) struct Parts {
    pub(super) batch: Arc<Inner>,
    pub(super) index: usize,
    pub(super) body: Body,
    pub(super) message_attributes: MessageAttributes,
}

/// Where the body's text is.
pub(super) enum Body {
    /// In the event: a JSON string without escapes, between its quotes.
    InEvent,
    /// In the event, with escapes that surely can be undone. They are where somebody first reads the text: the task of the record, so that
    /// the memory is taken and given back by one thread.
    Escaped(OnceLock<String>),
    Unescaped(String),
}

impl Body {
    /// The text, where this is the raw JSON string.
    pub(super) fn text<'a>(&'a self, raw: &'a str) -> &'a str {
        match self {
            Self::InEvent => unquoted(raw),
            Self::Escaped(text) => text.get_or_init(|| unescape::plain(unquoted(raw)).unwrap_or_default()),
            Self::Unescaped(text) => text,
        }
    }
}

/// The inside of a raw JSON string.
fn unquoted(raw: &str) -> &str {
    raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default()
}

impl Record {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    fn entry(&self) -> &Entry {
        self.0.batch.entry(self.0.index)
    }

    fn attribute(&self, attribute: Attribute) -> Option<&str> {
        self.0.batch.text.get(self.entry().attribute(attribute))
    }

    /// The record's place in its batch, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// The id that SQS gave the message; never empty. A redrive from a dead-letter queue gives a message a new one.
    #[must_use]
    pub fn message_id(&self) -> &str {
        self.0.batch.text.get(self.entry().message_id).unwrap_or_default()
    }

    /// The token of this one receive, needed to delete the message or to change its visibility. New at every receive.
    ///
    /// Whoever has it can delete the message: keep it out of logs.
    #[must_use]
    pub fn receipt_handle(&self) -> Option<&str> {
        self.0.batch.text.get(self.entry().receipt_handle)
    }

    /// The message text, at most 1 MiB (the SQS limit). An empty text is possible where a sender's own client allowed it.
    #[must_use]
    pub fn body(&self) -> &str {
        self.0.body.text(self.0.batch.text.get(self.entry().body).unwrap_or_default())
    }

    /// How often the message was received, this receive included; starts at 1. `None` where it is absent or no number:
    /// then the message may have been delivered before.
    ///
    /// Approximate, says SQS. It also counts receives in which no handler ran, such as those of a message that waited
    /// behind another of its group.
    #[must_use]
    pub fn receive_count(&self) -> Option<u32> {
        self.attribute(Attribute::ApproximateReceiveCount)?.parse().ok()
    }

    /// Whether the record has a receive count that is no number of 32 bits.
    pub(crate) fn has_unreadable_receive_count(&self) -> bool {
        self.receive_count().is_none() && self.attribute(Attribute::ApproximateReceiveCount).is_some()
    }

    /// When the message was sent (`SentTimestamp`, milliseconds).
    #[must_use]
    pub fn sent_at(&self) -> Option<SystemTime> {
        self.0.batch.timestamp(self.0.index, Attribute::SentTimestamp)
    }

    /// When the message was received for the first time (`ApproximateFirstReceiveTimestamp`, milliseconds).
    #[must_use]
    pub fn first_received_at(&self) -> Option<SystemTime> {
        self.0.batch.timestamp(self.0.index, Attribute::ApproximateFirstReceiveTimestamp)
    }

    /// The IAM user or role that sent the message (`SenderId`).
    #[must_use]
    pub fn sender_id(&self) -> Option<&str> {
        self.attribute(Attribute::SenderId)
    }

    /// The message group: on a FIFO queue the unit of order, on a standard queue the tenant of a fair queue, without order.
    #[must_use]
    pub fn message_group_id(&self) -> Option<&str> {
        self.attribute(Attribute::MessageGroupId)
    }

    /// The token by which a FIFO queue drops second sends within 5 minutes.
    #[must_use]
    pub fn message_deduplication_id(&self) -> Option<&str> {
        self.attribute(Attribute::MessageDeduplicationId)
    }

    /// The message's place in its FIFO queue: 20 digits that grow within a group.
    #[must_use]
    pub fn sequence_number(&self) -> Option<&str> {
        self.attribute(Attribute::SequenceNumber)
    }

    /// The X-Ray trace header of the sender (`AWSTraceHeader`).
    #[must_use]
    pub fn trace_header(&self) -> Option<&str> {
        self.attribute(Attribute::AwsTraceHeader)
    }

    /// On a message of a dead-letter queue: the ARN of the queue that it came from.
    #[must_use]
    pub fn dead_letter_source(&self) -> Option<QueueArn<'_>> {
        self.attribute(Attribute::DeadLetterQueueSourceArn).map(QueueArn::new)
    }

    /// The queue that the message was received from.
    #[must_use]
    pub fn queue_arn(&self) -> Option<QueueArn<'_>> {
        self.0.batch.text.get(self.entry().queue_arn).map(QueueArn::new)
    }

    /// Whether the queue is FIFO, by its ARN alone.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.queue_arn().is_some_and(QueueArn::is_fifo)
    }

    /// The sender's attribute of that name.
    #[must_use]
    pub fn message_attribute(&self, name: &str) -> Option<&MessageAttribute> {
        self.message_attributes().find_map(|(other, attribute)| (other == name).then_some(attribute))
    }

    /// All attributes of the sender, sorted by name; SQS allows at most 10.
    pub fn message_attributes(&self) -> impl Iterator<Item = (&str, &MessageAttribute)> {
        self.0.message_attributes.iter().map(|(name, attribute)| (&**name, attribute))
    }

    /// The message id in a form that may stand in a log: control characters escaped, at most 256 characters.
    #[must_use]
    pub fn display_id(&self) -> Cow<'_, str> {
        loggable(self.message_id())
    }
}

/// Somebody's text as it may stand in a log line or on a terminal: no control characters, no turned reading direction,
/// at most 256 characters (CVE-2025-58160 is what happens otherwise).
pub(crate) fn loggable(text: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 256;
    if text.len() <= MAX_CHARS && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars().take(MAX_CHARS) {
        if c.is_control() || turns_direction(c) || is_refused_by_sqs(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push_str("..");
    }
    Cow::Owned(shown)
}

/// Characters that turn the reading direction of what follows: a log line must not be able to hide its end.
pub(crate) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The two that SQS takes in no message besides control characters: such a text goes to a dead-letter queue too.
fn is_refused_by_sqs(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("message_id", &self.display_id())
            .field("queue", &self.queue_arn())
            .field("receive_count", &self.receive_count())
            .field("body_bytes", &self.body().len())
            .finish_non_exhaustive()
    }
}
