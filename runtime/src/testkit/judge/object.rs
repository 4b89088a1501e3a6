//! A JSON object as the pairs that it was written with, so that a name which is there twice is seen.

use std::{borrow::Cow, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The pairs of an object, in order, their values as they were written.
pub(super) struct Object<'a>(Vec<(Name<'a>, &'a RawValue)>);

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// How often a name is there.
pub(super) enum Found<'a> {
    Nowhere,
    Once(&'a RawValue),
    Again,
}

impl<'a> Object<'a> {
    /// The object; `None` where the JSON is another value, or has a name that is no valid Unicode.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &*name.0)
    }

    pub(super) fn find(&self, name: &str) -> Found<'a> {
        let mut found = self.0.iter().filter(|(other, _)| other.0 == name).map(|(_, value)| *value);
        match (found.next(), found.next()) {
            (None, _) => Found::Nowhere,
            (Some(value), None) => Found::Once(value),
            (Some(_), Some(_)) => Found::Again,
        }
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
