//! Event JSON -> entries. Tolerant record by record: syntax must hold for the whole event, everything else only for a record.
//!
//! The event is walked once to find its records, then each record once on its own, and nothing is copied: a wrong type, a
//! null or a repeated key inside one record is that record's fault and nobody else's.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    entry::Entry,
    event_error::Kind,
    key::{EventKey, RecordKey, SystemAttribute},
    malformed::{Field, Problem},
    source,
    text::{Span, Spans, Text},
};

/// Parses an event into its entries and the strings that had to be unescaped.
pub(super) fn parse(json: &str) -> Result<(Vec<Entry>, Box<str>), Kind> {
    if json.len() > Text::MAX_BYTES {
        return Err(Kind::TooLong(json.len()));
    }
    let mut envelope = Envelope::new(json);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let parsed = (&mut deserializer).deserialize_any(&mut envelope).and_then(|()| deserializer.end());
    if let Some(kind) = envelope.refusal.take() {
        return Err(kind);
    }
    parsed.map_err(Kind::NotJson)?;
    envelope.into_entries()
}

/// What has been found so far in one event.
struct Envelope<'t> {
    spans: Spans<'t>,
    entries: Option<Vec<Entry>>,
    /// The source that a record or a top-level key names, where it is not SQS.
    foreign: Option<Box<str>>,
    refusal: Option<Kind>,
}

impl<'t> Envelope<'t> {
    fn new(json: &'t str) -> Self {
        Self { spans: Spans::new(json), entries: None, foreign: None, refusal: None }
    }

    fn into_entries(self) -> Result<(Vec<Entry>, Box<str>), Kind> {
        if let Some(found) = self.foreign {
            return Err(Kind::NotAnSqsEvent { found });
        }
        let mut entries = self.entries.ok_or(Kind::NoRecords("missing"))?;
        entries.shrink_to_fit();
        Ok((entries, self.spans.into_unescaped()))
    }

    fn refuse<T, E: serde::de::Error>(&mut self, kind: Kind) -> Result<T, E> {
        self.refusal = Some(kind);
        Err(E::custom("refused"))
    }

    fn foreign(&mut self, found: &str) {
        self.foreign.get_or_insert_with(|| source::shortened(found));
    }

    fn record(&mut self, raw: &'t RawValue) -> Entry {
        let mut entry = Entry::EMPTY;
        let mut record = RecordVisitor { envelope: self, entry: &mut entry, seen: 0 };
        let parsed = serde_json::Deserializer::from_str(raw.get()).deserialize_any(&mut record);
        if parsed.is_err() {
            entry.fault(Field::Record, Problem::NotAnObject);
        }
        if entry.message_id.is_none() {
            entry.fault(Field::MessageId, Problem::Missing);
        }
        if entry.body.is_none() {
            entry.fault(Field::Body, Problem::Missing);
        }
        entry
    }
}

/// Everything that is not what was expected, named for the error message.
macro_rules! refuse_scalars {
    ($kind:path) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            self.refuse($kind("null"))
        }
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
            self.refuse($kind("a boolean"))
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
            self.refuse($kind("a number"))
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
            self.refuse($kind("a number"))
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
            self.refuse($kind("a number"))
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
            self.refuse($kind("a string"))
        }
    };
}

impl<'t> Visitor<'t> for &mut Envelope<'t> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SQS event")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<EventKey>()? {
            match key {
                EventKey::Records if self.entries.is_some() => return self.refuse(Kind::RepeatedRecords),
                EventKey::Records => map.next_value_seed(Records(self))?,
                EventKey::Foreign(source) => {
                    self.foreign(source);
                    map.next_value::<IgnoredAny>()?;
                }
                EventKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, _: A) -> Result<(), A::Error> {
        self.refuse(Kind::NotAnObject("a list"))
    }

    refuse_scalars!(Kind::NotAnObject);
}

/// The value under `Records`.
struct Records<'e, 't>(&'e mut Envelope<'t>);

impl Records<'_, '_> {
    fn refuse<T, E: serde::de::Error>(self, kind: Kind) -> Result<T, E> {
        self.0.refuse(kind)
    }
}

impl<'t> DeserializeSeed<'t> for Records<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Records<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut entries = Vec::new();
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            entries.push(self.0.record(raw));
        }
        self.0.entries = Some(entries);
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, _: A) -> Result<(), A::Error> {
        self.refuse(Kind::NoRecords("an object"))
    }

    refuse_scalars!(Kind::NoRecords);
}

/// One record's fields; what is wrong with them goes into the entry, never into an error.
struct RecordVisitor<'e, 't> {
    envelope: &'e mut Envelope<'t>,
    entry: &'e mut Entry,
    /// One bit for each known key, to find repeated ones.
    seen: u16,
}

impl<'t> Visitor<'t> for &mut RecordVisitor<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<RecordKey>()? {
            if key == RecordKey::Other {
                map.next_value::<IgnoredAny>()?;
            } else {
                let value: &RawValue = map.next_value()?;
                self.field(key, value);
            }
        }
        Ok(())
    }
}

impl<'t> RecordVisitor<'_, 't> {
    fn field(&mut self, key: RecordKey, value: &'t RawValue) {
        let bit = 1 << key as u16;
        if self.seen & bit != 0 {
            return self.repeated(key);
        }
        self.seen |= bit;
        if value.get() == "null" {
            return;
        }
        match key {
            RecordKey::MessageId => self.message_id(value),
            RecordKey::ReceiptHandle => self.entry.receipt_handle = self.string(Field::ReceiptHandle, value),
            RecordKey::Body => self.body(value),
            RecordKey::Attributes => self.attributes(value),
            RecordKey::MessageAttributes => self.message_attributes(value),
            RecordKey::Md5OfBody => self.entry.md5_of_body = self.string(Field::Md5OfBody, value),
            RecordKey::Md5OfMessageAttributes => {
                self.entry.md5_of_message_attributes = self.string(Field::Md5OfMessageAttributes, value);
            }
            RecordKey::QueueArn => self.entry.queue_arn = self.string(Field::QueueArn, value),
            RecordKey::EventSource => self.event_source(value),
            RecordKey::Other => {}
        }
    }

    /// A key that is there twice: which value was meant is not ours to guess. A repeated message id names nothing.
    fn repeated(&mut self, key: RecordKey) {
        if key == RecordKey::MessageId {
            self.entry.message_id = Span::NONE;
        }
        self.entry.fault(key.field(), Problem::Repeated);
    }

    fn string(&mut self, field: Field, value: &'t RawValue) -> Span {
        let span = self.envelope.spans.string(value);
        if span.is_none() {
            self.entry.fault(field, Problem::NotAString);
        }
        span.unwrap_or(Span::NONE)
    }

    fn message_id(&mut self, value: &'t RawValue) {
        if value.get() == "\"\"" {
            return self.entry.fault(Field::MessageId, Problem::Empty);
        }
        self.entry.message_id = self.string(Field::MessageId, value);
    }

    fn body(&mut self, value: &'t RawValue) {
        if value.get().starts_with('"') {
            self.entry.body = self.envelope.spans.raw(value.get());
        } else {
            self.entry.fault(Field::Body, Problem::NotAString);
        }
    }

    fn message_attributes(&mut self, value: &'t RawValue) {
        match value.get() {
            "{}" => {}
            object if object.starts_with('{') => {
                self.entry.message_attributes = self.envelope.spans.raw(object);
            }
            _ => self.entry.fault(Field::MessageAttributes, Problem::NotAnObject),
        }
    }

    fn attributes(&mut self, value: &'t RawValue) {
        let mut visitor = AttributesVisitor { spans: &mut self.envelope.spans, entry: self.entry };
        if serde_json::Deserializer::from_str(value.get()).deserialize_map(&mut visitor).is_err() {
            self.entry.fault(Field::Attributes, Problem::NotAnObject);
        }
    }

    fn event_source(&mut self, value: &'t RawValue) {
        match value.get() {
            "\"aws:sqs\"" => {}
            name if name.starts_with('"') => self.envelope.foreign(name.trim_matches('"')),
            _ => self.entry.fault(Field::EventSource, Problem::NotAString),
        }
    }
}

/// The system attributes. Values may be null or numbers: emulators send such.
struct AttributesVisitor<'e, 't> {
    spans: &'e mut Spans<'t>,
    entry: &'e mut Entry,
}

impl<'t> Visitor<'t> for &mut AttributesVisitor<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of attributes")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(SystemAttribute(name)) = map.next_key()? {
            let Some(attribute) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = map.next_value()?;
            let Some(slot) = self.entry.attributes.get_mut(attribute as usize) else { continue };
            if !slot.is_none() {
                return Err(A::Error::custom("repeated"));
            }
            match value.get().as_bytes().first() {
                Some(b'"') => match self.spans.string(value) {
                    Some(span) => *slot = span,
                    None => self.entry.fault(Field::Attributes, Problem::NotAString),
                },
                Some(b'-' | b'0'..=b'9') => *slot = self.spans.raw(value.get()),
                _ => {}
            }
        }
        Ok(())
    }
}
