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

/// A key of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKey {
    MessageId,
    ReceiptHandle,
    Body,
    Attributes,
    MessageAttributes,
    Md5OfBody,
    Md5OfMessageAttributes,
    QueueArn,
    EventSource,
    Other,
}

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

impl RecordKey {
    fn named(name: &str) -> Self {
        match name {
            "messageId" => Self::MessageId,
            "receiptHandle" => Self::ReceiptHandle,
            "body" => Self::Body,
            "attributes" => Self::Attributes,
            "messageAttributes" => Self::MessageAttributes,
            "md5OfBody" => Self::Md5OfBody,
            "md5OfMessageAttributes" => Self::Md5OfMessageAttributes,
            "eventSourceARN" => Self::QueueArn,
            // SNS spells its own with a capital letter.
            "eventSource" | "EventSource" => Self::EventSource,
            _ => Self::Other,
        }
    }

    pub(super) fn field(self) -> Field {
        match self {
            Self::MessageId => Field::MessageId,
            Self::ReceiptHandle => Field::ReceiptHandle,
            Self::Body => Field::Body,
            Self::Attributes => Field::Attributes,
            Self::MessageAttributes => Field::MessageAttributes,
            Self::Md5OfBody => Field::Md5OfBody,
            Self::Md5OfMessageAttributes => Field::Md5OfMessageAttributes,
            Self::QueueArn => Field::QueueArn,
            Self::EventSource => Field::EventSource,
            Self::Other => Field::Record,
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
key!(RecordKey, RecordKey::named);
key!(SystemAttribute, |name| SystemAttribute(Attribute::named(name)));
