//! Values of message attributes.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// The value of a message attribute, with its type: text, a number or bytes.
///
/// ```
/// use sqs_runtime::testkit::event::{AttributeValue, Message};
///
/// let message = Message::text("x")
///     .attribute("tenant", "t1")
///     .attribute("attempt", 3)
///     .attribute("digest", [0x00, 0xff].as_slice())
///     .attribute("correlation", AttributeValue::from("6d0f7d0e").labelled("uuid"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeValue {
    data_type: String,
    bytes: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Bytes {
    Text(String),
    Binary(Vec<u8>),
}

impl AttributeValue {
    /// A number as its sender wrote it: SQS keeps up to 38 digits.
    #[must_use]
    pub fn number(digits: impl Into<String>) -> Self {
        Self { data_type: "Number".into(), bytes: Bytes::Text(digits.into()) }
    }

    /// The same with a label of one's own behind the type: `String.uuid`.
    #[must_use]
    pub fn labelled(mut self, label: &str) -> Self {
        self.data_type.push('.');
        self.data_type.push_str(label);
        self
    }

    /// Its type, with the label: what its sender says of it.
    #[must_use]
    pub fn data_type(&self) -> &str {
        &self.data_type
    }

    /// Its text, or its digits; `None` where it is bytes.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.bytes {
            Bytes::Text(text) => Some(text),
            Bytes::Binary(_) => None,
        }
    }

    /// Its bytes, where it is binary.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.bytes {
            Bytes::Text(_) => None,
            Bytes::Binary(bytes) => Some(bytes),
        }
    }

    pub(super) fn is_binary(&self) -> bool {
        matches!(self.bytes, Bytes::Binary(_))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Text(text) => text.as_bytes(),
            Bytes::Binary(bytes) => bytes,
        }
    }

    /// How many bytes its value has, in base64 where it is binary.
    pub(in crate::testkit) fn len(&self) -> usize {
        if self.is_binary() { self.bytes().len().div_ceil(3) * 4 } else { self.bytes().len() }
    }

    /// The attribute as it stands in an event.
    pub(super) fn to_json(&self) -> Value {
        let (name, value) = match &self.bytes {
            Bytes::Text(text) => ("stringValue", text.clone()),
            Bytes::Binary(bytes) => ("binaryValue", BASE64_STANDARD.encode(bytes)),
        };
        json!({name: value, "stringListValues": [], "binaryListValues": [], "dataType": self.data_type})
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self { data_type: "String".into(), bytes: Bytes::Text(text) }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Vec<u8>> for AttributeValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self { data_type: "Binary".into(), bytes: Bytes::Binary(bytes) }
    }
}

impl From<&[u8]> for AttributeValue {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {
        $(impl From<$number> for AttributeValue {
            fn from(number: $number) -> Self {
                Self::number(number.to_string())
            }
        })*
    };
}

from_number!(i32, i64, u32, u64);
