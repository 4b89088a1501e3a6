//! JSON objects pair by pair, so that what is odd in an event stays odd in its record.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The pairs of an object, in order, repeated names included.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

/// The object with other values; `None` where the JSON is no object, or has a name that is no valid Unicode.
pub(super) fn map(json: &str, mut value: impl FnMut(&str, &str) -> String) -> Option<String> {
    let Pairs(pairs) = serde_json::from_str(json).ok()?;
    let pair = |(name, raw): &(String, &RawValue)| format!("{}:{}", string(name), value(name, raw.get()));
    Some(format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(",")))
}

/// The list with other elements; `None` where the JSON is no list.
pub(super) fn map_list(json: &str, element: impl FnMut(&str) -> String) -> Option<String> {
    let list: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(format!("[{}]", list.into_iter().map(RawValue::get).map(element).collect::<Vec<_>>().join(",")))
}

/// A text as JSON.
pub(super) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}
