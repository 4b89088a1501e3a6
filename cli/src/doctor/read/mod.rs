//! From text to a tree with lines: YAML with CloudFormation's short forms, and JSON.
//!
//! Both give the same tree: `!Ref Queue` is read as `{"Ref": "Queue"}`, its long form. What CloudFormation would refuse is
//! refused here, with the line.

mod json;
mod node;
mod yaml;

use std::fmt;

pub(crate) use self::node::{Key, Map, Node, Value};

/// How deep values may stand in one another. CloudFormation's own templates need some twenty.
const MAX_DEPTH: usize = 100;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line that cannot be read, where it is one.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub reason: String,
}

impl Unreadable {
    pub(crate) fn at(line: usize, reason: impl Into<String>) -> Self {
        Self { line: Some(line), reason: reason.into() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Unreadable {}

/// The tree of a text. What begins like JSON is read as JSON: YAML would let a comma too many pass.
pub(super) fn tree(text: &str) -> Result<Node, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') { json::read(text) } else { yaml::read(text) }
}

/// The tree of a JSON document that a service keeps; `None` where it is none.
#[cfg(feature = "live")]
pub(super) fn document(text: &str) -> Option<Node> {
    json::read(text).ok().map(Node::unplaced)
}

/// Adds an entry, unless there is one of that name: which of the two holds depends on the reader.
fn insert(entries: &mut Vec<(Key, Node)>, key: Key, node: Node) -> Result<(), Unreadable> {
    if let Some((first, _)) = entries.iter().find(|(other, _)| other.name == key.name) {
        return Err(Unreadable::at(
            key.line,
            format!("`{}` stands here for the second time, after line {}", key.name, first.line),
        ));
    }
    entries.push((key, node));
    Ok(())
}

fn too_deep(line: usize) -> Unreadable {
    Unreadable::at(line, format!("more than {MAX_DEPTH} levels deep"))
}
