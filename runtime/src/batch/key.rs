//! The names of fields, matched without copying them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::{entry::Attribute, malformed::Field, source};

/// A key at the top of the event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKey {
    Records,
    /// A key that only another source's events have.
    Foreign(&'static str),
    Other,
}

/// A key of a record; `None` for names that nobody knows.
pub(super) struct RecordKey(pub(super) Option<Field>);

/// A key of `attributes`; `None` for names that SQS does not document.
pub(super) struct SystemAttribute(pub(super) Option<Attribute>);

impl EventKey {
    fn named(name: &str) -> Self {
        match name {
            "Records" => Self::Records,
            _ => source::of_event_key(name).map_or(Self::Other, Self::Foreign),
        }
    }
}

macro_rules! key {
    ($key:ty, $named:expr) => {
        impl<'de> Deserialize<'de> for $key {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Named;
                impl Visitor<'_> for Named {
                    type Value = $key;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a key")
                    }
                    fn visit_str<E>(self, name: &str) -> Result<$key, E> {
                        Ok($named(name))
                    }
                }
                deserializer.deserialize_identifier(Named)
            }
        }
    };
}

key!(EventKey, EventKey::named);
key!(RecordKey, |name| RecordKey(Field::named(name)));
key!(SystemAttribute, |name| SystemAttribute(Attribute::named(name)));
