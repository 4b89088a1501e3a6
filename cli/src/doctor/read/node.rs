//! A template as a tree: what stands in it, and on which line.

use crate::doctor::setting::{Place, Setting};

/// One value of a template.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it begins, counted from 1; 0 where it stands in no file.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// Numbers and flags are text, as they are to CloudFormation: `30` and `"30"` are one.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Map),
    /// `null`, or what says that it is as if it did not stand there.
    Nothing,
    /// What nobody can say who has only the template.
    Unknown,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    pub(crate) entries: Vec<(Key, Node)>,
    /// More than what stands here may belong to it: a macro or another file adds to it.
    pub(crate) open: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) line: usize,
}

impl Node {
    pub(crate) fn text(line: usize, text: impl Into<String>) -> Self {
        Self { line, value: Value::Text(text.into()) }
    }

    /// The same in no file: the line of what a service said tells nobody anything.
    #[cfg(feature = "live")]
    pub(super) fn unplaced(self) -> Self {
        let value = match self.value {
            Value::List(items) => Value::List(items.into_iter().map(Self::unplaced).collect()),
            Value::Map(map) => Value::Map(map.unplaced()),
            other => other,
        };
        Self { line: 0, value }
    }

    /// What is at the end of `path`, whose keys are separated by dots.
    pub(crate) fn at(&self, path: &str) -> Setting<&Self> {
        path.split('.').fold(self.at_itself(), |found, key| found.and_then(|node| node.child(key)))
    }

    /// What it says itself.
    pub(crate) fn at_itself(&self) -> Setting<&Self> {
        self.said(self.line)
    }

    fn child(&self, key: &str) -> Setting<&Self> {
        // Something else than a map where one belongs says nothing about what would be in it.
        let Value::Map(map) = &self.value else { return Setting::Unknown };
        match map.get(key) {
            Some((key, node)) => node.said(key.line),
            None if map.open => Setting::Unknown,
            None => Setting::Absent,
        }
    }

    fn said(&self, line: usize) -> Setting<&Self> {
        match self.value {
            Value::Unknown => Setting::Unknown,
            Value::Nothing => Setting::Absent,
            Value::Text(_) | Value::List(_) | Value::Map(_) => Setting::Known(self, Place::line(line)),
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The elements of a list. A single value where a list belongs is a list of one, as AWS has it in policies.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Nothing => &[],
            Value::Text(_) | Value::Map(_) | Value::Unknown => std::slice::from_ref(self),
        }
    }

    /// The entries of a map; none of anything else.
    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        self.as_map().map_or(&[], |map| &map.entries)
    }

    /// How many values it is made of.
    pub(crate) fn size(&self) -> usize {
        let inside: usize = match &self.value {
            Value::List(items) => items.iter().map(Self::size).sum(),
            Value::Map(map) => map.entries.iter().map(|(_, node)| node.size()).sum(),
            Value::Text(_) | Value::Nothing | Value::Unknown => 0,
        };
        inside + 1
    }
}

impl Map {
    /// A map with one entry.
    pub(crate) fn of(name: impl Into<String>, node: Node) -> Self {
        let key = Key { name: name.into(), line: node.line };
        Self { entries: vec![(key, node)], open: false }
    }

    #[cfg(feature = "live")]
    fn unplaced(self) -> Self {
        let unplaced = |(key, node): (Key, Node)| (Key { line: 0, ..key }, node.unplaced());
        Self { entries: self.entries.into_iter().map(unplaced).collect(), open: self.open }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&(Key, Node)> {
        self.entries.iter().find(|(key, _)| key.name == name)
    }

    /// The only entry, where there is one only.
    pub(crate) fn single(&self) -> Option<(&str, &Node)> {
        match self.entries.as_slice() {
            [(key, node)] => Some((&key.name, node)),
            _ => None,
        }
    }
}
