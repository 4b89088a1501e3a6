//! The sender's own typed attributes.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use std::borrow::Cow;

/// One message attribute: a type and a value that agree.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    data_type: Box<str>,
    value: MessageAttributeValue,
}

/// The value of a message attribute, by its logical type.
///
/// Numbers stay text: SQS allows 38 digits, more than any machine number holds without loss.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageAttributeValue {
    /// `String` and its custom types such as `String.uuid`.
    String(Box<str>),
    /// `Number` and its custom types such as `Number.int`, as the sender wrote it.
    Number(Box<str>),
    /// `Binary` and its custom types such as `Binary.png`, decoded from base64.
    Binary(Box<[u8]>),
}

impl MessageAttribute {
    /// An attribute of that type, such as `String` or `Number.int`. A type that does not fit the value makes its record malformed.
    pub fn new(data_type: impl Into<Box<str>>, value: MessageAttributeValue) -> Self {
        Self { data_type: data_type.into(), value }
    }

    /// The full data type, the custom label included: `String`, `Number.int`, `Binary.png`.
    #[must_use]
    pub fn data_type(&self) -> &str {
        &self.data_type
    }

    /// The custom label behind the first dot of the data type, where there is one.
    #[must_use]
    pub fn custom_type(&self) -> Option<&str> {
        self.data_type.split_once('.').map(|(_, label)| label)
    }

    /// The value, by its logical type.
    #[must_use]
    pub fn value(&self) -> &MessageAttributeValue {
        &self.value
    }

    /// The text of a `String` or `Number`; `None` for a `Binary`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            MessageAttributeValue::String(text) | MessageAttributeValue::Number(text) => Some(text),
            MessageAttributeValue::Binary(_) => None,
        }
    }

    /// One of type `String`.
    pub(crate) fn string(text: &str) -> Self {
        Self { data_type: "String".into(), value: MessageAttributeValue::String(text.into()) }
    }

    /// One of type `Number`.
    pub(crate) fn number(number: u64) -> Self {
        Self { data_type: "Number".into(), value: MessageAttributeValue::Number(number.to_string().into()) }
    }

    /// How many bytes its value has.
    pub(crate) fn value_len(&self) -> usize {
        match &self.value {
            MessageAttributeValue::String(text) | MessageAttributeValue::Number(text) => text.len(),
            MessageAttributeValue::Binary(bytes) => bytes.len(),
        }
    }

    /// The bytes of a `Binary`; `None` for the others.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.value {
            MessageAttributeValue::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl fmt::Debug for MessageAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageAttribute({}, redacted)", self.data_type)
    }
}

impl fmt::Debug for MessageAttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String(_) => "String(redacted)",
            Self::Number(_) => "Number(redacted)",
            Self::Binary(_) => "Binary(redacted)",
        })
    }
}

/// All message attributes of one record, sorted by name.
pub(crate) type MessageAttributes = Box<[(Box<str>, MessageAttribute)]>;

/// Decodes the JSON object under `messageAttributes`; `None` where an attribute has no usable type and value, or a name
/// is there twice.
pub(super) fn decode(json: &str) -> Option<MessageAttributes> {
    let mut attributes = serde_json::from_str::<Raw<'_>>(json).ok()?.0;
    attributes.sort_by(|(a, _), (b, _)| a.cmp(b));
    let repeated = attributes.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b));
    (!repeated).then(|| attributes.into_boxed_slice())
}

/// Keeps every pair, so that a repeated name is seen.
struct Raw<'a>(Vec<(Box<str>, MessageAttribute)>, std::marker::PhantomData<&'a ()>);

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of message attributes")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, wire)) = map.next_entry::<Box<str>, Wire<'de>>()? {
                    let attribute = wire.attribute().ok_or_else(|| serde::de::Error::custom("no usable value"))?;
                    pairs.push((name, attribute));
                }
                Ok(Raw(pairs, std::marker::PhantomData))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// The wire form. `binaryValue: null` and empty lists beside a string are what AWS sends with a batching window.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow)]
    data_type: Cow<'a, str>,
    #[serde(borrow, default)]
    string_value: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    binary_value: Option<Cow<'a, str>>,
}

impl Wire<'_> {
    fn attribute(self) -> Option<MessageAttribute> {
        let logical = self.data_type.split('.').next().unwrap_or_default();
        let value = match logical {
            "String" => MessageAttributeValue::String(self.string_value?.into()),
            "Number" => MessageAttributeValue::Number(self.string_value?.into()),
            "Binary" => MessageAttributeValue::Binary(BASE64_STANDARD.decode(self.binary_value?.as_ref()).ok()?.into()),
            _ => return None,
        };
        Some(MessageAttribute { data_type: self.data_type.into(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_decoded() {
        let json = r#"{
            "n": {"dataType": "Number.int", "stringValue": "12345678901234567890123456789012345678"},
            "b": {"dataType": "Binary.png", "binaryValue": "iVBORw==", "stringListValues": []},
            "s": {"dataType": "String", "stringValue": "caf\u00e9", "binaryValue": null, "binaryListValues": []}
        }"#;
        let attributes = decode(json).expect("well-formed");
        let names: Vec<&str> = attributes.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["b", "n", "s"]);
        assert_eq!(attributes[0].1.as_bytes(), Some(&b"\x89PNG"[..]));
        assert_eq!((attributes[0].1.data_type(), attributes[0].1.custom_type()), ("Binary.png", Some("png")));
        assert_eq!((attributes[2].1.data_type(), attributes[2].1.custom_type()), ("String", None));
        assert_eq!((attributes[0].1.as_str(), attributes[2].1.as_bytes()), (None, None));
        assert!(matches!(attributes[1].1.value(), MessageAttributeValue::Number(_)));
        assert_eq!(attributes[1].1.as_str(), Some("12345678901234567890123456789012345678"));
        assert_eq!(attributes[2].1.as_str(), Some("café"));
    }

    #[test]
    fn an_attribute_of_ones_own_is_as_one_that_came() {
        let json = r#"{
            "a": {"dataType": "String", "stringValue": "text"},
            "b": {"dataType": "Number", "stringValue": "71"},
            "c": {"dataType": "Binary", "binaryValue": "AAAA"}
        }"#;
        let attributes = decode(json).expect("well-formed");
        assert!(attributes[0].1 == MessageAttribute::string("text"));
        assert!(attributes[1].1 == MessageAttribute::number(71));
        let lengths: Vec<_> = attributes.iter().map(|(_, attribute)| attribute.value_len()).collect();
        assert_eq!(lengths, [4, 2, 3]);
    }

    #[test]
    fn debug_shows_the_type_and_not_the_value() {
        let json = r#"{
            "a": {"dataType": "String.id", "stringValue": "secret"},
            "b": {"dataType": "Number", "stringValue": "7"},
            "c": {"dataType": "Binary", "binaryValue": "AAAA"}
        }"#;
        let attributes = decode(json).expect("well-formed");
        assert_eq!(format!("{:?}", attributes[0].1), "MessageAttribute(String.id, redacted)");
        let values: Vec<_> = attributes.iter().map(|(_, attribute)| format!("{:?}", attribute.value())).collect();
        assert_eq!(values, ["String(redacted)", "Number(redacted)", "Binary(redacted)"]);
    }

    #[test]
    fn what_has_no_usable_value_is_refused() {
        for json in [
            r#"{"a": {"dataType": "Binary", "binaryValue": "not base64!"}}"#,
            r#"{"a": {"dataType": "String", "stringValue": null}}"#,
            r#"{"a": {"dataType": "Color", "stringValue": "red"}}"#,
            r#"{"a": {"stringValue": "x"}}"#,
            r#"{"a": 5}"#,
            r#"{"a": {"dataType":"String","stringValue":"x"}, "a": {"dataType":"String","stringValue":"y"}}"#,
        ] {
            assert!(decode(json).is_none(), "{json} was accepted");
        }
    }
}
