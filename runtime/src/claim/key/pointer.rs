//! One value out of a JSON text, by JSON pointer (RFC 6901), without interpreting the rest.
//!
//! Values are taken as they stand in the text: through `serde_json::Value` two integers beyond 64 bits become one float, and
//! of two equal names the last one wins; either would make two different messages one.

use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::KeyError;

/// The value at that pointer; `None` where there is none.
pub(super) fn find<'a>(json: &'a str, pointer: &str) -> Result<Option<&'a RawValue>, KeyError> {
    let mut value: &RawValue =
        serde_json::from_str(json).map_err(|_| KeyError::bad("the payload is not valid JSON"))?;
    let Some(tokens) = pointer.strip_prefix('/') else {
        return if pointer.is_empty() { Ok(Some(value)) } else { Err(KeyError::bad("a JSON pointer begins with `/`")) };
    };
    for token in tokens.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        match step(value, &token)? {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// The member of that name, or the element of that number.
fn step<'a>(value: &'a RawValue, token: &str) -> Result<Option<&'a RawValue>, KeyError> {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    match value.get().as_bytes().first() {
        Some(b'{') => deserializer.deserialize_map(Member(token)),
        Some(b'[') => match place(token) {
            Some(index) => deserializer.deserialize_seq(Element(index)),
            None => return Ok(None),
        },
        _ => return Ok(None),
    }
    .map_err(|_| KeyError::bad("a name of its JSON is there twice, or not valid Unicode"))
}

/// The number of an element as RFC 6901 writes it: digits alone, and no zero in front of others.
fn place(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with(['0', '+']);
    token.parse().ok().filter(|_| is_plain)
}

struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(found)
    }
}

struct Element(usize);

impl<'de> Visitor<'de> for Element {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut index = 0;
        while let Some(value) = seq.next_element::<&RawValue>()? {
            if index == self.0 {
                found = Some(value);
            }
            index += 1;
        }
        Ok(found)
    }
}

/// The text by which a value takes part in a key: a string's content, a whole number's digits, `true` or `false`. Each with
/// its kind in front, since `"5"` and `5` are two values. `None` for null and the empty string.
pub(super) fn key_text(value: &RawValue) -> Result<Option<String>, KeyError> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => {
            let content: String =
                serde_json::from_str(text).map_err(|_| KeyError::bad("its text is not valid Unicode"))?;
            Ok((!content.is_empty()).then(|| format!("s{content}")))
        }
        Some(b'n') => Ok(None),
        Some(b't' | b'f') => Ok(Some(format!("b{text}"))),
        Some(b'-' | b'0'..=b'9') if text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) => {
            Ok(Some(format!("n{text}")))
        }
        Some(b'-' | b'0'..=b'9') => Err(KeyError::bad("a number with a fraction or an exponent names nothing exactly")),
        _ => Err(KeyError::bad("an object or a list is no key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str, pointer: &str) -> Result<Option<String>, KeyError> {
        find(json, pointer)?.map_or(Ok(None), key_text)
    }

    #[test]
    fn values_by_pointer() {
        let json = r#"{"a":{"b/c":[10,{"~":"caf\u00e9"}]},"t":true,"e":"","n":null}"#;
        assert_eq!(text(json, "/a/b~1c/0"), Ok(Some("n10".into())));
        assert_eq!(text(json, "/a/b~1c/1/~0"), Ok(Some("scafé".into())));
        assert_eq!(text(json, "/t"), Ok(Some("btrue".into())));
        for missing in ["/x", "/a/x", "/a/b~1c/7", "/a/b~1c/x", "/t/x", "/e", "/n"] {
            assert_eq!(text(json, missing), Ok(None), "{missing}");
        }
    }

    #[test]
    fn integers_beyond_64_bits_stay_distinct() {
        let key = |number: &str| text(&format!(r#"{{"id":{number}}}"#), "/id");
        assert_ne!(key("20000000000000000001"), key("20000000000000000002"));
        assert_ne!(key("5"), text(r#"{"id":"5"}"#, "/id"));
    }

    #[test]
    fn what_names_nothing_exactly_is_refused() {
        for json in [
            r#"{"id":1.5}"#,
            r#"{"id":1e3}"#,
            r#"{"id":{}}"#,
            r#"{"id":[]}"#,
            r#"{"id":"A","id":"B"}"#,
            r#"{"id":"\ud800"}"#,
            r#"{"id":"#,
            "no json",
        ] {
            assert!(text(json, "/id").is_err(), "{json}");
        }
    }
}
