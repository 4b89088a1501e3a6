//! JSON, with the lines that serde_json does not tell: each value is kept as a slice of the text, and a slice knows where it is.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Key, MAX_DEPTH, Map, Node, Unreadable, Value, insert, too_deep};

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    Lines::of(text).node(whole, 0)
}

fn unreadable(error: &serde_json::Error) -> Unreadable {
    let said = error.to_string();
    // It repeats the place at its end.
    let reason = said.rsplit_once(" at line ").map_or(said.as_str(), |(reason, _)| reason);
    Unreadable::at(error.line(), format!("not JSON: {reason}"))
}

/// A text whose slices' lines can be told.
struct Lines<'a> {
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let after_feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_feeds).collect() }
    }

    /// The line of a slice; `None` of what is no slice of the text.
    fn line(&self, slice: &str) -> Option<usize> {
        let offset = slice.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        (offset < self.text.len()).then(|| self.starts.partition_point(|start| *start <= offset))
    }

    fn node(&self, raw: &'a RawValue, depth: usize) -> Result<Node, Unreadable> {
        let line = self.line(raw.get()).unwrap_or(1);
        if depth > MAX_DEPTH {
            return Err(too_deep(line));
        }
        let value = match raw.get().as_bytes().first() {
            Some(b'{') => Value::Map(self.map(raw, line, depth)?),
            Some(b'[') => Value::List(self.list(raw, depth)?),
            Some(b'"') => Value::Text(parsed(raw, line)?),
            Some(b'n') => Value::Nothing,
            _ => Value::Text(raw.get().to_owned()),
        };
        Ok(Node { line, value })
    }

    fn list(&self, raw: &'a RawValue, depth: usize) -> Result<Vec<Node>, Unreadable> {
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|error| unreadable(&error))?;
        items.into_iter().map(|item| self.node(item, depth + 1)).collect()
    }

    fn map(&self, raw: &'a RawValue, line: usize, depth: usize) -> Result<Map, Unreadable> {
        let Pairs(pairs) = parsed(raw, line)?;
        let mut map = Map::default();
        for (name, value) in pairs {
            let node = self.node(value, depth + 1)?;
            // A name with escapes is no slice; what it names stands beside it.
            let line = self.line(&name).unwrap_or(node.line);
            insert(&mut map.entries, Key { name: name.into_owned(), line }, node)?;
        }
        Ok(map)
    }
}

fn parsed<'a, T: Deserialize<'a>>(raw: &'a RawValue, line: usize) -> Result<T, Unreadable> {
    serde_json::from_str(raw.get()).map_err(|error| Unreadable { line: Some(line), ..unreadable(&error) })
}

/// An object in the order of the text, with what stands in it twice.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
