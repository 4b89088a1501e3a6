//! What is wrong with one record, said so that its batch-mates need not know.

use std::fmt;

/// A record that cannot be run as it stands: the others of its batch are not touched by it.
///
/// It is reported as failed under its message id. Where the message id itself cannot be read
/// ([`is_nameable`](Self::is_nameable) is `false`), nothing in a partial batch response can name the record, and the
/// invocation fails on purpose after the others have run.
#[derive(Clone, PartialEq, Eq)]
pub struct MalformedRecord {
    pub(super) index: usize,
    pub(super) field: Field,
    pub(super) problem: Problem,
    pub(super) nameable: bool,
}

/// The part of a record that is wrong, by the name that the event gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Record,
    MessageId,
    ReceiptHandle,
    Body,
    Attributes,
    MessageAttributes,
    Md5OfBody,
    Md5OfMessageAttributes,
    QueueArn,
    EventSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Missing,
    Empty,
    NotAnObject,
    NotAString,
    Repeated,
    NotUnicode { at: u32 },
    BadAttribute,
    DigestMismatch,
    TooLarge { bytes: u32 },
}

impl MalformedRecord {
    /// The record's place in the event, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name of the field that is wrong, as the event spells it; `Records[]` for the record as a whole.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field.name()
    }

    /// Whether the message id could be read, so that the record can be reported by name.
    #[must_use]
    pub fn is_nameable(&self) -> bool {
        self.nameable
    }

    /// Whether there is no body: a field that is absent or null, not an empty text.
    #[must_use]
    pub fn is_missing_body(&self) -> bool {
        (self.field, self.problem) == (Field::Body, Problem::Missing)
    }

    /// Whether the digest that SQS sent along is not the digest of what arrived.
    #[must_use]
    pub fn is_digest_mismatch(&self) -> bool {
        self.problem == Problem::DigestMismatch
    }

    /// Whether the body is longer than [`Consumer::body_limit`](crate::Consumer::body_limit) allows.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.problem, Problem::TooLarge { .. })
    }
}

impl Field {
    /// The field that a record's key names.
    pub(super) fn named(key: &str) -> Option<Self> {
        Some(match key {
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
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Record => "Records[]",
            Self::MessageId => "messageId",
            Self::ReceiptHandle => "receiptHandle",
            Self::Body => "body",
            Self::Attributes => "attributes",
            Self::MessageAttributes => "messageAttributes",
            Self::Md5OfBody => "md5OfBody",
            Self::Md5OfMessageAttributes => "md5OfMessageAttributes",
            Self::QueueArn => "eventSourceARN",
            Self::EventSource => "eventSource",
        }
    }
}

impl fmt::Display for MalformedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, field) = (self.index, self.field());
        write!(f, "record {index} is malformed: `{field}` ")?;
        match self.problem {
            Problem::Missing => write!(f, "is missing"),
            Problem::Empty => write!(f, "is empty"),
            Problem::NotAnObject => write!(f, "is not a JSON object"),
            Problem::NotAString => write!(f, "is not a string of valid Unicode"),
            Problem::Repeated => write!(f, "is there twice"),
            Problem::NotUnicode { at } => write!(f, "is not valid Unicode at byte {at}"),
            Problem::BadAttribute => write!(f, "has an attribute without a usable type and value"),
            Problem::DigestMismatch => write!(f, "does not match the MD5 digest sent along"),
            Problem::TooLarge { bytes } => write!(f, "has {bytes} bytes, more than the consumer's body limit"),
        }
    }
}

impl fmt::Debug for MalformedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MalformedRecord({self})")
    }
}

impl std::error::Error for MalformedRecord {}
