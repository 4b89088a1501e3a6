//! The fields of one record.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    Envelope, Pace,
    attributes::{AttributesVisitor, StringInPlace},
};
use crate::batch::{
    entry::Entry,
    key::RecordKey,
    malformed::{Field, Problem},
    text::Span,
};

/// A record that is walked with the event.
pub(super) struct InPlace<'e, 't>(pub(super) &'e mut Envelope<'t>);

impl<'t> DeserializeSeed<'t> for InPlace<'_, 't> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Entry, D::Error> {
        let mut entry = Entry::EMPTY;
        deserializer.deserialize_map(&mut RecordVisitor::new(self.0, &mut entry))?;
        Ok(Envelope::complete(entry))
    }
}

/// One record's fields; what is wrong with them goes into the entry, never into an error.
pub(super) struct RecordVisitor<'e, 't> {
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
        while let Some(RecordKey(field)) = map.next_key()? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if self.has_seen(field) {
                map.next_value::<IgnoredAny>()?;
                self.repeated(field);
            } else if self.envelope.pace == Pace::Quick {
                self.field_in_place(field, &mut map)?;
            } else {
                self.field(field, map.next_value()?);
            }
        }
        Ok(())
    }
}

impl<'e, 't> RecordVisitor<'e, 't> {
    pub(super) fn new(envelope: &'e mut Envelope<'t>, entry: &'e mut Entry) -> Self {
        Self { envelope, entry, seen: 0 }
    }

    /// Whether the key was there before; it now was.
    fn has_seen(&mut self, field: Field) -> bool {
        let bit = 1 << field as u16;
        let seen = self.seen & bit != 0;
        self.seen |= bit;
        seen
    }

    fn field_in_place<A: MapAccess<'t>>(&mut self, field: Field, map: &mut A) -> Result<(), A::Error> {
        let spans = &mut self.envelope.spans;
        match field {
            Field::MessageId => {
                self.entry.message_id = map.next_value_seed(StringInPlace(spans))?;
                if self.entry.message_id.is_empty() {
                    return Err(A::Error::custom("an empty message id"));
                }
            }
            Field::ReceiptHandle => self.entry.receipt_handle = map.next_value_seed(StringInPlace(spans))?,
            Field::Md5OfBody => self.entry.md5_of_body = map.next_value_seed(StringInPlace(spans))?,
            Field::Md5OfMessageAttributes => {
                self.entry.md5_of_message_attributes = map.next_value_seed(StringInPlace(spans))?;
            }
            Field::QueueArn => self.entry.queue_arn = map.next_value_seed(StringInPlace(spans))?,
            Field::Attributes => {
                map.next_value_seed(AttributesVisitor { envelope: self.envelope, entry: self.entry })?;
            }
            Field::Record | Field::Body | Field::MessageAttributes | Field::EventSource => {
                self.field(field, map.next_value()?);
            }
        }
        Ok(())
    }

    fn field(&mut self, field: Field, value: &'t RawValue) {
        if value.get() == "null" {
            return;
        }
        match field {
            Field::MessageId => self.message_id(value),
            Field::ReceiptHandle => self.entry.receipt_handle = self.string(Field::ReceiptHandle, value),
            Field::Body => self.body(value),
            Field::Attributes => self.attributes(value),
            Field::MessageAttributes => self.message_attributes(value),
            Field::Md5OfBody => self.entry.md5_of_body = self.string(Field::Md5OfBody, value),
            Field::Md5OfMessageAttributes => {
                self.entry.md5_of_message_attributes = self.string(Field::Md5OfMessageAttributes, value);
            }
            Field::QueueArn => self.entry.queue_arn = self.string(Field::QueueArn, value),
            Field::EventSource => self.event_source(value),
            Field::Record => {}
        }
    }

    /// A key that is there twice: which value was meant is not ours to guess. A repeated message id names nothing.
    fn repeated(&mut self, field: Field) {
        if field == Field::MessageId {
            self.entry.message_id = Span::NONE;
        }
        self.entry.fault(field, Problem::Repeated);
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
        let visitor = AttributesVisitor { envelope: self.envelope, entry: self.entry };
        if visitor.deserialize(&mut serde_json::Deserializer::from_str(value.get())).is_err() {
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
