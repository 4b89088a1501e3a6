//! Stage 1, event in: a [`Batch`] of [`Record`]s, made the same way by every host.
//!
//! The envelope is parsed once and tolerantly: whatever is wrong with one record is that record's own
//! [`MalformedRecord`], and the others run. Only an event that is no SQS batch at all is an [`EventError`]. Nothing is
//! copied: records hold offsets into the event's text, and a body is unescaped when its task starts.
//!
//! Does no I/O, knows no clock, names no runtime.

mod digest;
mod entry;
mod envelope;
mod event_error;
mod key;
mod malformed;
mod message_attribute;
mod queue_arn;
mod record;
mod redelivery;
mod source;
#[cfg(feature = "lambda")]
mod sqs_event;
mod text;
mod unescape;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use serde_json::value::RawValue;

#[cfg(feature = "otel")]
pub(crate) use self::message_attribute::MessageAttributes;
pub(crate) use self::record::loggable;
#[cfg(feature = "logs")]
pub(crate) use self::record::turns_direction;
use self::{
    entry::{Attribute, Entry},
    malformed::{Field, Problem},
    record::{Body, Parts},
    text::Text,
};
pub use self::{
    event_error::EventError,
    malformed::MalformedRecord,
    message_attribute::{MessageAttribute, MessageAttributeValue},
    queue_arn::QueueArn,
    record::Record,
};

/// The records of one event. Cheap to clone: clones share the event's text.
#[derive(Clone)]
pub struct Batch(Arc<Inner>);

pub(crate) struct Inner {
    text: Text,
    entries: Vec<Entry>,
}

impl Inner {
    fn entry(&self, index: usize) -> &Entry {
        const ABSENT: &Entry = &Entry::EMPTY;
        self.entries.get(index).unwrap_or(ABSENT)
    }

    /// A time that SQS gives in milliseconds since 1970.
    fn timestamp(&self, index: usize, attribute: Attribute) -> Option<SystemTime> {
        let millis = self.text.get(self.entry(index).attribute(attribute))?.parse().ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }
}

/// What is checked of a record beyond its form; off unless a consumer asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checks {
    pub(crate) md5: bool,
    /// Bytes of the unescaped body.
    pub(crate) body_limit: Option<usize>,
}

impl Batch {
    /// Reads an event: the JSON that Lambda's event source mapping sends, `{"Records":[..]}`.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, has no list of records, or comes from another source than SQS. A mistake inside a record
    /// is no error here: [`record`](Self::record) has it.
    pub fn from_json(json: impl Into<Box<str>>) -> Result<Self, EventError> {
        let json = json.into();
        let (entries, unescaped) = envelope::parse(&json)?;
        Ok(Self(Arc::new(Inner { text: Text::new(json, unescaped), entries })))
    }

    /// The same from bytes.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json), and if the bytes are not valid UTF-8.
    pub fn from_slice(json: &[u8]) -> Result<Self, EventError> {
        Self::from_json(std::str::from_utf8(json).map_err(event_error::Kind::NotUtf8)?)
    }

    /// The same from a JSON value that was read but not interpreted; its text is taken over, not copied.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_raw(json: Box<RawValue>) -> Result<Self, EventError> {
        Self::from_json(Box::<str>::from(json))
    }

    /// How many records the event has, malformed ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// Whether the event has no records at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The length of the event, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.text.len()
    }

    /// The event's text.
    #[cfg(feature = "testkit")]
    pub(crate) fn json(&self) -> &str {
        self.0.text.json()
    }

    /// The record at that place, its body unescaped and its message attributes decoded.
    ///
    /// # Errors
    ///
    /// If the record is malformed, or there is none at that place.
    pub fn record(&self, index: usize) -> Result<Record, MalformedRecord> {
        self.checked_record(index, Checks::default())
    }

    /// All records in the order of the event.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, MalformedRecord>> {
        (0..self.len()).map(|index| self.record(index))
    }

    /// The message id of the record at that place; `None` where it cannot be read.
    #[must_use]
    pub fn message_id(&self, index: usize) -> Option<&str> {
        self.0.text.get(self.0.entry(index).message_id)
    }

    /// Whether the record at that place is already known to be malformed. What shows only when a body is unescaped or message
    /// attributes are decoded is not known yet.
    pub(crate) fn is_malformed(&self, index: usize) -> bool {
        self.0.entry(index).fault.is_some()
    }

    /// The queue of the record at that place.
    #[must_use]
    pub fn queue_arn(&self, index: usize) -> Option<QueueArn<'_>> {
        self.0.text.get(self.0.entry(index).queue_arn).map(QueueArn::new)
    }

    /// The queue and the group within which the record at that place keeps its order: `None` on a standard queue, whatever
    /// its attributes say; the empty text for FIFO records without a group, which are kept in order among themselves.
    #[must_use]
    pub fn ordered_group(&self, index: usize) -> Option<(QueueArn<'_>, &str)> {
        let queue = self.queue_arn(index).filter(|arn| arn.is_fifo())?;
        let group = self.0.text.get(self.0.entry(index).attribute(Attribute::MessageGroupId));
        Some((queue, group.unwrap_or_default()))
    }

    /// How often SQS handed the record's message out, as far as that can be read.
    pub(crate) fn receive_count(&self, index: usize) -> Option<u32> {
        let span = self.0.entry(index).attribute(Attribute::ApproximateReceiveCount);
        self.0.text.get(span)?.parse().ok()
    }

    /// The group of the record at that place, whatever its queue makes of it.
    pub(crate) fn message_group_id(&self, index: usize) -> Option<&str> {
        self.0.text.get(self.0.entry(index).attribute(Attribute::MessageGroupId))
    }

    /// The X-Ray trace header of the record's sender.
    #[cfg(feature = "otel")]
    pub(crate) fn trace_header(&self, index: usize) -> Option<&str> {
        self.0.text.get(self.0.entry(index).attribute(Attribute::AwsTraceHeader))
    }

    /// The attributes of the record's sender; none where they cannot be decoded.
    #[cfg(feature = "otel")]
    pub(crate) fn message_attributes(&self, index: usize) -> MessageAttributes {
        let json = self.0.text.get(self.0.entry(index).message_attributes);
        json.and_then(message_attribute::decode).unwrap_or_default()
    }

    /// When the record's message was sent.
    pub(crate) fn sent_at(&self, index: usize) -> Option<SystemTime> {
        self.0.timestamp(index, Attribute::SentTimestamp)
    }

    /// When the record's message was received for the first time.
    pub(crate) fn first_received_at(&self, index: usize) -> Option<SystemTime> {
        self.0.timestamp(index, Attribute::ApproximateFirstReceiveTimestamp)
    }

    /// Whether the records at these places have the same body, to the byte as it stands in the event.
    pub(crate) fn have_same_body(&self, one: usize, other: usize) -> bool {
        let body = |index| self.0.text.get(self.0.entry(index).body);
        body(one) == body(other)
    }

    /// Whether records of more than one queue came together, as only a direct invocation can send them.
    #[must_use]
    pub fn has_several_queues(&self) -> bool {
        let mut arns = (0..self.len()).filter_map(|index| self.queue_arn(index));
        arns.next().is_some_and(|first| arns.any(|other| other != first))
    }

    /// The record at that place as far as it names a receive: without its body and message attributes, whose decoding it spares. `None`
    /// where it names none.
    #[cfg(feature = "worker")]
    pub(crate) fn receipt(&self, index: usize) -> Option<Record> {
        let (body, message_attributes) = (Body::Unescaped(String::new()), Box::default());
        let record = Record::new(Parts { batch: Arc::clone(&self.0), index, body, message_attributes });
        let is_one =
            record.receipt_handle().is_some() && record.queue_arn().is_some() && !record.message_id().is_empty();
        is_one.then_some(record)
    }

    pub(crate) fn checked_record(&self, index: usize, checks: Checks) -> Result<Record, MalformedRecord> {
        let entry = self.0.entry(index);
        if let Some((field, problem)) = entry.fault {
            return Err(self.malformed(index, field, problem));
        }
        let parts = self.parts(index, entry, checks);
        parts.map(Record::new).map_err(|(field, problem)| self.malformed(index, field, problem))
    }

    fn malformed(&self, index: usize, field: Field, problem: Problem) -> MalformedRecord {
        MalformedRecord { index, field, problem, nameable: self.message_id(index).is_some() }
    }

    fn parts(&self, index: usize, entry: &Entry, checks: Checks) -> Result<Parts, (Field, Problem)> {
        let raw = self.0.text.get(entry.body).ok_or((Field::Body, Problem::Missing))?;
        let body = unescape(raw)?;
        let message_attributes = match self.0.text.get(entry.message_attributes) {
            Some(json) => message_attribute::decode(json).ok_or((Field::MessageAttributes, Problem::BadAttribute))?,
            None => Box::default(),
        };
        let parts = Parts { batch: Arc::clone(&self.0), index, body, message_attributes };
        self.check(entry, raw, &parts, checks)?;
        Ok(parts)
    }

    fn check(&self, entry: &Entry, raw: &str, parts: &Parts, checks: Checks) -> Result<(), (Field, Problem)> {
        let body = parts.body.text(raw);
        if checks.body_limit.is_some_and(|limit| body.len() > limit) {
            let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
            return Err((Field::Body, Problem::TooLarge { bytes }));
        }
        if !checks.md5 {
            return Ok(());
        }
        // An absent or null digest is no mismatch: with a batching window AWS sends null.
        let is_wrong = |span, matches: &dyn Fn(&str) -> bool| self.0.text.get(span).is_some_and(|md5| !matches(md5));
        if is_wrong(entry.md5_of_body, &|md5| digest::body_matches(body, md5)) {
            return Err((Field::Body, Problem::DigestMismatch));
        }
        let attributes = &parts.message_attributes;
        if is_wrong(entry.md5_of_message_attributes, &|md5| digest::attributes_match(attributes, md5)) {
            return Err((Field::MessageAttributes, Problem::DigestMismatch));
        }
        Ok(())
    }
}

/// Undoes the JSON escapes of a raw string, where it has any.
fn unescape(raw: &str) -> Result<Body, (Field, Problem)> {
    if !raw.contains('\\') {
        return Ok(Body::InEvent);
    }
    // The parser has taken it for a string of JSON: only of these escapes some mean nothing, as half of a pair does.
    if !raw.contains(r"\u") {
        return Ok(Body::Escaped(OnceLock::new()));
    }
    let unescaped = serde_json::from_str(raw).map(Body::Unescaped);
    unescaped.map_err(|error| {
        let at = u32::try_from(error.column()).unwrap_or(u32::MAX);
        (Field::Body, Problem::NotUnicode { at })
    })
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("records", &self.len()).field("bytes", &self.bytes()).finish()
    }
}

#[cfg(test)]
mod tests;
