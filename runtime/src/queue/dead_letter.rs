//! The copy of a message for its dead-letter queue: pure.

use std::fmt;

use crate::{
    batch::{MessageAttribute, Record},
    clock::epoch_ms,
    outcome::Reason,
};

/// The copy of a message that goes to a dead-letter queue: everything that its sender said, and why it went there.
///
/// The copy is a message with an id of its own. What it came from stands in its attribute `OriginalMessageId`, which outlives a
/// redrive; accounts of what went where count by that.
///
/// | attribute | type | |
/// | --- | --- | --- |
/// | `OriginalMessageId` | String | the message id; kept where the message has the attribute already, and it may be one |
/// | `DeadLetterReason` | String | the class of the reason, in words |
/// | `DeadLetterError` | String | what the error said |
/// | `OriginalReceiveCount` | Number | how often it had been received |
/// | `OriginalSentTimestamp` | Number | when it was sent, milliseconds since 1970 |
///
/// They are left out from the end where the message's own attributes, of which there may be [`MAX_ATTRIBUTES`](Self::MAX_ATTRIBUTES), or
/// its size leave no room. The first two must fit, but for a message of a FIFO queue: its group waits behind it.
#[derive(Clone)]
pub struct DeadLetter {
    record: Record,
    attributes: Vec<(Box<str>, MessageAttribute)>,
    is_fifo: bool,
}

/// What says which message a copy was made of.
const ORIGINAL: &str = "OriginalMessageId";

/// All attributes of ours, by their weight.
const OURS: [&str; 5] =
    [ORIGINAL, "DeadLetterReason", "DeadLetterError", "OriginalReceiveCount", "OriginalSentTimestamp"];

/// How many of them a copy must have, if nobody waits behind the message.
const NEEDED: usize = 2;

/// How long SQS's message ids are at most.
const LONGEST_ID: usize = 100;

impl DeadLetter {
    /// How many attributes a message of SQS may have.
    pub const MAX_ATTRIBUTES: usize = 10;

    /// How many bytes a message of SQS may have, attributes included; also how many a batch of them may have.
    pub const MAX_BYTES: usize = 1_048_576;

    /// The copy of a message, for a FIFO queue or a standard one. `None` where size or attributes leave no room for the reason: then
    /// the redrive policy has to move the message itself. A message of a FIFO queue goes with as much as fits: those behind it would
    /// be moved along with it, without a start.
    #[must_use]
    pub fn new(record: &Record, reason: &Reason, is_fifo: bool) -> Option<Self> {
        let is_ours = |name: &str| OURS.contains(&name);
        let theirs = record.message_attributes().filter(|(name, _)| !is_ours(name));
        let mut attributes: Vec<_> = theirs.map(|(name, attribute)| (Box::from(name), attribute.clone())).collect();
        let own = attributes.len();
        let room = Self::MAX_ATTRIBUTES.checked_sub(own)?;
        attributes.extend(ours(record, reason).into_iter().take(room));
        let mut letter = Self { record: record.clone(), attributes, is_fifo };
        while letter.bytes() > Self::MAX_BYTES && letter.attributes.len() > own {
            letter.attributes.pop();
        }
        let needed = if record.is_fifo() { own } else { own + NEEDED };
        (letter.bytes() <= Self::MAX_BYTES && letter.attributes.len() >= needed).then_some(letter)
    }

    /// The message.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The body, as it was received.
    #[must_use]
    pub fn body(&self) -> &str {
        self.record.body()
    }

    /// The message attributes, its sender's and ours.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &MessageAttribute)> {
        self.attributes.iter().map(|(name, attribute)| (&**name, attribute))
    }

    /// The message group: its own, on a FIFO queue its id where it has none.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        let own = self.record.message_group_id();
        if self.is_fifo { own.or_else(|| Some(self.record.message_id())) } else { own }
    }

    /// What a FIFO queue tells copies of one message by: the message's own id. `None` for a standard queue.
    ///
    /// Not that of the original: a message that was redriven and is rejected again within five minutes would be taken for its first copy,
    /// and SQS would store nothing.
    #[must_use]
    pub fn deduplication_id(&self) -> Option<&str> {
        self.is_fifo.then(|| self.record.message_id())
    }

    /// X-Ray's trace header.
    #[must_use]
    pub fn trace_header(&self) -> Option<&str> {
        self.record.trace_header()
    }

    /// The id of the message that this is a copy of, across redrives.
    #[must_use]
    pub fn original_id(&self) -> &str {
        let known = self.attributes.iter().find(|(name, _)| &**name == ORIGINAL);
        known.and_then(|(_, attribute)| attribute.as_str()).unwrap_or_else(|| self.record.message_id())
    }

    /// How many bytes SQS counts: the body, and name, type and value of each attribute.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of = |(name, attribute): &(Box<str>, MessageAttribute)| {
            name.len() + attribute.data_type().len() + attribute.value_len()
        };
        self.body().len() + self.attributes.iter().map(of).sum::<usize>()
    }
}

/// Our attributes, the weightiest first.
fn ours(record: &Record, reason: &Reason) -> Vec<(Box<str>, MessageAttribute)> {
    let original = record.message_attribute(ORIGINAL).and_then(MessageAttribute::as_str).filter(|id| may_be_an_id(id));
    let values = [
        Some(MessageAttribute::string(original.unwrap_or_else(|| record.message_id()))),
        Some(MessageAttribute::string(reason.class().describe())),
        reason.text().filter(|text| !text.is_empty()).map(MessageAttribute::string),
        record.receive_count().map(|count| MessageAttribute::number(u64::from(count))),
        record.sent_at().map(|at| MessageAttribute::number(epoch_ms(at))),
    ];
    OURS.iter().zip(values).filter_map(|(name, value)| Some((Box::from(*name), value?))).collect()
}

/// Senders may have an attribute of that name for something else.
fn may_be_an_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("record", &self.record)
            .field("is_fifo", &self.is_fifo)
            .finish_non_exhaustive()
    }
}
