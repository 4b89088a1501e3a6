//! JSON values as bytes that are the same for the same value: names sorted, no white space, escapes undone.
//!
//! Two sends of one order rarely have the same bytes; the same fields they have. Numbers stay as they are written.

use std::{collections::BTreeMap, fmt};

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::KeyError;

/// serde_json's own limit; deeper values are refused.
const MAX_DEPTH: usize = 128;

/// Appends the value.
pub(super) fn append(value: &RawValue, bytes: &mut Vec<u8>) -> Result<(), KeyError> {
    append_at(value, bytes, 0)
}

fn append_at(value: &RawValue, bytes: &mut Vec<u8>, depth: usize) -> Result<(), KeyError> {
    if depth >= MAX_DEPTH {
        return Err(KeyError::bad("a field is nested too deep"));
    }
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') => object(text, bytes, depth),
        Some(b'[') => array(text, bytes, depth),
        Some(b'"') => string(text, bytes),
        _ => {
            bytes.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
}

fn string(text: &str, bytes: &mut Vec<u8>) -> Result<(), KeyError> {
    let content: String = serde_json::from_str(text).map_err(|_| KeyError::bad("a text is not valid Unicode"))?;
    quoted(&content, bytes);
    Ok(())
}

/// Its length in front makes the borders of a text clear, whatever stands in it.
fn quoted(content: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("\"{}:", content.len()).as_bytes());
    bytes.extend_from_slice(content.as_bytes());
}

fn array(text: &str, bytes: &mut Vec<u8>, depth: usize) -> Result<(), KeyError> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| KeyError::bad("a list cannot be read"))?;
    bytes.push(b'[');
    for element in elements {
        append_at(element, bytes, depth + 1)?;
        bytes.push(b',');
    }
    bytes.push(b']');
    Ok(())
}

fn object(text: &str, bytes: &mut Vec<u8>, depth: usize) -> Result<(), KeyError> {
    let members = serde_json::Deserializer::from_str(text).deserialize_map(Members);
    let members = members.map_err(|_| KeyError::bad("a name of its JSON is there twice, or not valid Unicode"))?;
    bytes.push(b'{');
    for (name, value) in members {
        quoted(&name, bytes);
        append_at(value, bytes, depth + 1)?;
        bytes.push(b',');
    }
    bytes.push(b'}');
    Ok(())
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(json: &str) -> Result<Vec<u8>, KeyError> {
        let mut bytes = Vec::new();
        append(serde_json::from_str(json).expect("JSON"), &mut bytes).map(|()| bytes)
    }

    #[test]
    fn the_same_value_has_the_same_bytes() {
        assert_eq!(bytes(r#"{"b":[1, 2],"a":"\u0041"}"#), bytes(r#"{ "a" : "A", "b":[1,2] }"#));
    }

    #[test]
    fn different_values_have_different_bytes() {
        let values = [
            "1",
            "\"1\"",
            "[1]",
            "[[1]]",
            "[1,2]",
            "[12]",
            "{}",
            "[]",
            "null",
            r#"{"a":1}"#,
            r#"{"a":"1"}"#,
            r#"["a","b"]"#,
            r#"["a,\"1:b"]"#,
            "20000000000000000001",
            "20000000000000000002",
            "1.0",
        ];
        for (n, one) in values.iter().enumerate() {
            for other in &values[n + 1..] {
                assert_ne!(bytes(one), bytes(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn repeated_names_and_bottomless_values_are_refused() {
        assert!(bytes(r#"{"a":1,"a":1}"#).is_err());
        assert!(bytes(r#"[{"a":1,"a":2}]"#).is_err());
        assert!(bytes(&("[".repeat(200) + &"]".repeat(200))).is_err());
    }
}
