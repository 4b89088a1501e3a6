//! Why an argument could not be made: one type for each cause.
//!
//! None of these quotes a value of the payload: a rejection goes into logs.

use std::{error::Error as StdError, fmt};

use super::PointerRejection;
use crate::handler::Failure;

/// Body or inner payload are not the JSON that the handler asked for.
#[derive(Debug)]
pub struct JsonRejection {
    /// `None` of a pointer to a payload in S3, which is not decoded.
    error: Option<serde_json::Error>,
}

impl JsonRejection {
    pub(super) fn new(error: serde_json::Error) -> Self {
        Self { error: Some(error) }
    }

    pub(super) fn s3_pointer() -> Self {
        Self { error: None }
    }

    /// Whether the text is no JSON at all, as opposed to JSON of another shape.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        self.error.as_ref().is_some_and(|error| (error.is_syntax() || error.is_eof()) && !is_too_deep(error))
    }

    /// Whether the JSON is nested more than 128 levels deep.
    #[must_use]
    pub fn is_too_deep(&self) -> bool {
        self.error.as_ref().is_some_and(is_too_deep)
    }

    /// Whether the body is a pointer to a payload in S3, left by the extended client library.
    #[must_use]
    pub fn is_s3_pointer(&self) -> bool {
        self.error.is_none()
    }
}

impl fmt::Display for JsonRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = &self.error else {
            return f
                .write_str("the payload is in S3 (extended client library): `extract::Offloaded<Json<..>>` reads it");
        };
        let (line, column, text) = (error.line(), error.column(), error.to_string());
        if self.is_too_deep() {
            f.write_str("the JSON is nested too deep")?;
        } else if let Some(field) = missing_field(&text) {
            write!(f, "the JSON lacks the field `{field}`")?;
        } else if self.is_syntax() {
            f.write_str("the body is not valid JSON")?;
        } else {
            f.write_str("the JSON has a value of another type than expected")?;
        }
        write!(f, " (line {line}, column {column})")
    }
}

/// serde_json has a category for this only in its text.
fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit exceeded")
}

/// The name of a missing field is the program's own; every other detail may quote the payload.
fn missing_field(text: &str) -> Option<&str> {
    text.strip_prefix("missing field `")?.split('`').next()
}

impl StdError for JsonRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.as_ref().map(|error| error as _)
    }
}

/// The body is not the envelope that the handler asked for.
#[derive(Debug)]
pub struct EnvelopeRejection {
    pub(super) expected: &'static str,
    pub(super) inner: Option<JsonRejection>,
}

impl fmt::Display for EnvelopeRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner {
            Some(inner) => write!(f, "inside the {}: {inner}", self.expected),
            None => write!(f, "the body is not an {}", self.expected),
        }
    }
}

impl StdError for EnvelopeRejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.as_ref().map(|inner| inner as _)
    }
}

/// The body is not a notification of S3, or it is the test event that S3 sends when notifications are set up.
#[derive(Debug)]
pub struct S3Rejection {
    pub(super) is_test_event: bool,
}

impl S3Rejection {
    /// Whether it was S3's test event: the message is then done, without a run of the handler.
    #[must_use]
    pub fn is_test_event(&self) -> bool {
        self.is_test_event
    }
}

impl fmt::Display for S3Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_test_event {
            "the test event of S3 notifications"
        } else {
            "the body is not an S3 event notification"
        })
    }
}

impl StdError for S3Rejection {}

/// The payload is not text.
#[derive(Debug)]
pub struct NotUtf8 {
    pub(super) offset: usize,
}

impl NotUtf8 {
    /// The first byte that is no UTF-8.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the payload is not UTF-8 (byte {})", self.offset)
    }
}

impl StdError for NotUtf8 {}

/// A payload has more bytes than it may have, once it is decompressed or fetched. Counted apart from what is no payload at all, as
/// [`ReasonClass::TooLarge`](crate::outcome::ReasonClass::TooLarge): it may be the cap that is wrong.
#[derive(Debug)]
pub struct TooLarge {
    limit: usize,
}

impl TooLarge {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// How many bytes this payload was allowed.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the payload is too large: it has more than {} bytes", self.limit)
    }
}

impl StdError for TooLarge {}

macro_rules! missing {
    ($($(#[$doc:meta])* $name:ident: $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        #[non_exhaustive]
        pub struct $name {}

        impl $name {
            pub(crate) const fn new() -> Self {
                Self {}
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text)
            }
        }

        impl StdError for $name {}
    )*};
}

missing! {
    /// The message has no group id; take `Option<MessageGroupId>` where that is allowed.
    MissingGroupId: "the message has no message group id";
    /// The consumer runs without idempotency, so that there is no key.
    MissingKey: "there is no idempotency key: the consumer runs without idempotency";
    /// The consumer claims nothing before the run, so that there is no lease and no fencing token.
    MissingLease: "there is no lease: the consumer runs without idempotency, or in a mode that claims nothing first";
}

/// Nothing can be written together with the message's success.
#[derive(Debug)]
pub struct MissingTransaction {
    may_pass: bool,
}

impl MissingTransaction {
    pub(crate) const fn new() -> Self {
        Self { may_pass: false }
    }

    /// While the store is down.
    pub(crate) const fn for_now() -> Self {
        Self { may_pass: true }
    }
}

impl fmt::Display for MissingTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.may_pass {
            "there is no transaction while the store is down"
        } else {
            "there is no transaction: it needs idempotency in a DynamoDB table, and a mode other than mark-after"
        })
    }
}

impl StdError for MissingTransaction {}

/// Whether the error is a rejection of this module, for which trying again is pointless.
pub(crate) fn is_rejection(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    #[cfg(feature = "gzip")]
    if error.is::<super::GzipRejection>() {
        return true;
    }
    error.is::<JsonRejection>()
        || error.is::<EnvelopeRejection>()
        || error.is::<S3Rejection>()
        || error.is::<PointerRejection>()
        || error.is::<TooLarge>()
        || error.is::<NotUtf8>()
        || error.is::<MissingGroupId>()
        || error.is::<MissingKey>()
        || error.is::<MissingLease>()
        || error.downcast_ref::<MissingTransaction>().is_some_and(|missing| !missing.may_pass)
}

impl S3Rejection {
    pub(super) fn into_failure(self) -> Failure {
        if self.is_test_event { Failure::nothing_to_do(self) } else { Failure::extract(self) }
    }
}
