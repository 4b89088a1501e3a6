//! The system attributes of one record.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Envelope, Pace};
use crate::batch::{
    entry::Entry,
    key::SystemAttribute,
    malformed::{Field, Problem},
    text::{Span, Spans},
};

/// The system attributes. Values may be null or numbers: emulators send such.
pub(super) struct AttributesVisitor<'e, 't> {
    pub(super) envelope: &'e mut Envelope<'t>,
    pub(super) entry: &'e mut Entry,
}

impl<'t> DeserializeSeed<'t> for AttributesVisitor<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'t> Visitor<'t> for AttributesVisitor<'_, 't> {
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
            let Some(slot) = self.entry.attributes.get_mut(attribute as usize) else { continue };
            if !slot.is_none() {
                return Err(A::Error::custom("repeated"));
            }
            if self.envelope.pace == Pace::Quick {
                *slot = map.next_value_seed(StringInPlace(&mut self.envelope.spans))?;
                continue;
            }
            let value: &RawValue = map.next_value()?;
            match value.get().as_bytes().first() {
                Some(b'"') => match self.envelope.spans.string(value) {
                    Some(span) => *slot = span,
                    None => self.entry.fault(Field::Attributes, Problem::NotAString),
                },
                Some(b'-' | b'0'..=b'9') => *slot = self.envelope.spans.raw(value.get()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A string or null that is walked with the event.
pub(super) struct StringInPlace<'e, 't>(pub(super) &'e mut Spans<'t>);

impl<'t> DeserializeSeed<'t> for StringInPlace<'_, 't> {
    type Value = Span;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'t> Visitor<'t> for StringInPlace<'_, 't> {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_none<E>(self) -> Result<Span, E> {
        Ok(Span::NONE)
    }

    fn visit_some<D: Deserializer<'t>>(self, deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Span, E> {
        Ok(self.0.raw(text))
    }

    fn visit_str<E: serde::de::Error>(self, unescaped: &str) -> Result<Span, E> {
        self.0.unescaped(unescaped).ok_or_else(|| E::custom("too long"))
    }
}
