//! YAML, event by event: nothing here recurses, and aliases cannot make more of a text than [`MAX_NODES`].

use std::{borrow::Cow, collections::BTreeMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::{Key, MAX_DEPTH, Map, Node, Unreadable, Value, insert, too_deep};

/// Values that a template may be made of. CloudFormation takes texts of up to 1 MB.
const MAX_NODES: usize = 200_000;

pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let mut loader = Loader::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| unreadable(&error))?;
        loader.take(event, span.start.line())?;
    }
    loader.root.ok_or_else(|| Unreadable::at(1, "nothing stands in it"))
}

fn unreadable(error: &ScanError) -> Unreadable {
    Unreadable::at(error.marker().line(), format!("not YAML: {}", error.info()))
}

#[derive(Default)]
struct Loader {
    /// The lists and maps that are not yet closed, the innermost last.
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

/// A list or map of which the end has not come.
struct Open {
    line: usize,
    anchor: usize,
    /// CloudFormation's function, where a tag names one.
    function: Option<String>,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { map: Map, key: Option<Key> },
}

impl Loader {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Unreadable> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Unreadable::at(line, "a second document begins here: a template is one"))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = Node { line, value: scalar(&text, style) };
                self.close(node, anchor, function(tag.as_deref()))
            }
            Event::Alias(anchor) => self.alias(anchor, line),
            Event::SequenceStart(anchor, tag) => self.begin(line, anchor, tag.as_ref(), Inside::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.begin(line, anchor, tag.as_ref(), Inside::Map { map: Map::default(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn begin(
        &mut self,
        line: usize,
        anchor: usize,
        tag: Option<&Cow<'_, Tag>>,
        inside: Inside,
    ) -> Result<(), Unreadable> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(line));
        }
        self.open.push(Open { line, anchor, function: function(tag.map(AsRef::as_ref)), inside });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        // The parser pairs starts and ends.
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.inside {
            Inside::List(items) => Value::List(items),
            Inside::Map { map, .. } => Value::Map(map),
        };
        self.close(Node { line: open.line, value }, open.anchor, open.function)
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<(), Unreadable> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Unreadable::at(line, "an alias of what is not yet complete"));
        };
        self.nodes += node.size();
        let node = node.clone();
        self.close(node, 0, None)
    }

    /// A value is complete: it goes where it belongs.
    fn close(&mut self, node: Node, anchor: usize, function: Option<String>) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Unreadable::at(node.line, format!("more than {MAX_NODES} values")));
        }
        let node = match function {
            Some(name) => Node { line: node.line, value: Value::Map(Map::of(name, node)) },
            None => node,
        };
        // 0 is no anchor.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.place(node)
    }

    fn place(&mut self, node: Node) -> Result<(), Unreadable> {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map { map, key }) => match key.take() {
                Some(key) => insert(&mut map.entries, key, node)?,
                None => *key = Some(key_of(node)?),
            },
        }
        Ok(())
    }
}

fn key_of(node: Node) -> Result<Key, Unreadable> {
    match node.value {
        Value::Text(name) => Ok(Key { name, line: node.line }),
        _ => Err(Unreadable::at(node.line, "a key that is no text")),
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let is_nothing = style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
    if is_nothing { Value::Nothing } else { Value::Text(text.to_owned()) }
}

/// The long name of the function that a short form names. Tags of YAML itself say nothing that matters here.
fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!" && !tag.suffix.is_empty())?;
    match tag.suffix.as_str() {
        name @ ("Ref" | "Condition") => Some(name.to_owned()),
        name => Some(format!("Fn::{name}")),
    }
}
