//! From a tree to what a deployment would make of it: CloudFormation's functions are carried out as far as a template alone can tell.
//!
//! Parameters are taken by their defaults. What is known only by its name stays as that name, `${Queue.Arn}` or `${AWS::Region}`,
//! within a text: two such texts can be compared, and what a reference leads to can be found. What not even that can be said of
//! becomes [`Value::Unknown`], and nothing is made of it.

mod condition;
mod substitute;
mod template;
#[cfg(test)]
mod tests;

pub(super) use self::template::{Resource, Template};

use self::substitute::substitute;
use crate::doctor::read::{Key, Map, Node, Value};

/// What functions refer to.
struct Scope<'a> {
    parameters: &'a Node,
    mappings: &'a Node,
    conditions: &'a Node,
}

impl Scope<'_> {
    fn resolve(&self, node: &Node) -> Node {
        match &node.value {
            Value::List(items) => self.list(node.line, items),
            Value::Map(map) => match map.single().filter(|(name, _)| is_function(name)) {
                Some((name, argument)) => self.call(name, argument, node.line),
                None => self.map(node.line, map),
            },
            Value::Text(_) | Value::Nothing | Value::Unknown => node.clone(),
        }
    }

    fn list(&self, line: usize, items: &[Node]) -> Node {
        let items = items.iter().map(|item| self.resolve(item));
        let items = items.filter(|item| !matches!(item.value, Value::Nothing)).collect();
        Node { line, value: Value::List(items) }
    }

    fn map(&self, line: usize, map: &Map) -> Node {
        let mut resolved = Map { entries: Vec::new(), open: map.open };
        for (key, node) in &map.entries {
            if adds_more(&key.name) {
                resolved.open = true;
            } else {
                resolved.entries.push((key.clone(), self.resolve(node)));
            }
        }
        Node { line, value: Value::Map(resolved) }
    }

    fn call(&self, name: &str, argument: &Node, line: usize) -> Node {
        let value = match name {
            "Ref" => argument.as_text().and_then(|name| self.reference(name)),
            "Fn::GetAtt" => self.attribute(argument),
            "Fn::Sub" => substitute(self, argument),
            "Fn::Join" => self.join(argument),
            "Fn::If" => self.choose(argument),
            "Fn::FindInMap" => self.find(argument),
            "Fn::Select" => self.select(argument),
            _ => None,
        };
        Node { line, value: value.unwrap_or(Value::Unknown) }
    }

    /// What `Ref` gives: a parameter's default, or the name of what only a deployment knows.
    fn reference(&self, name: &str) -> Option<Value> {
        if name == "AWS::NoValue" {
            return Some(Value::Nothing);
        }
        let parameter = self.parameters.at(name);
        let Some(parameter) = parameter.known() else { return Some(symbol(name)) };
        let kind = parameter.at("Type").text();
        let kind = kind.known().map_or("String", String::as_str);
        // A default that only names where the value is kept.
        let default = parameter.at("Default").text();
        let is_list = kind.starts_with("List<") || kind == "CommaDelimitedList";
        let Some(default) = default.known().filter(|_| !kind.starts_with("AWS::SSM::")) else {
            return if is_list { None } else { Some(symbol(name)) };
        };
        if !is_list {
            return Some(Value::Text(default.clone()));
        }
        let items = default.split(',').map(|item| Node::text(parameter.line, item.trim()));
        Some(Value::List(items.collect()))
    }

    fn attribute(&self, argument: &Node) -> Option<Value> {
        let Value::List(parts) = &argument.value else { return argument.as_text().map(symbol) };
        let parts: Option<Vec<_>> = parts.iter().map(|part| self.resolve(part).as_text().map(str::to_owned)).collect();
        Some(symbol(&parts?.join(".")))
    }

    fn join(&self, argument: &Node) -> Option<Value> {
        let [delimiter, parts] = argument.items() else { return None };
        let parts = self.resolve(parts);
        let Value::List(parts) = &parts.value else { return None };
        let parts: Option<Vec<_>> = parts.iter().map(Node::as_text).collect();
        Some(Value::Text(parts?.join(delimiter.as_text()?)))
    }

    fn choose(&self, argument: &Node) -> Option<Value> {
        let [condition, yes, no] = argument.items() else { return None };
        let chosen = if self.holds(condition.as_text()?)? { yes } else { no };
        Some(self.resolve(chosen).value)
    }

    fn find(&self, argument: &Node) -> Option<Value> {
        let [map, first, second, ..] = argument.items() else { return None };
        let [map, first, second] = [map, first, second].map(|key| self.resolve(key));
        let found = self.mappings.at(map.as_text()?).and_then(|map| map.at(first.as_text().unwrap_or_default()));
        let found = found.and_then(|map| map.at(second.as_text().unwrap_or_default()));
        found.known().map(|node| node.value.clone())
    }

    fn select(&self, argument: &Node) -> Option<Value> {
        let [index, list] = argument.items() else { return None };
        let (index, list) = (self.resolve(index), self.resolve(list));
        let Value::List(items) = list.value else { return None };
        items.into_iter().nth(index.as_text()?.parse().ok()?).map(|item| item.value)
    }
}

fn symbol(name: &str) -> Value {
    Value::Text(format!("${{{name}}}"))
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// An entry that stands for others: a macro's, a loop's, or those of a merged map.
fn adds_more(name: &str) -> bool {
    name == "<<" || is_function(name)
}

/// Whether a text holds something that is known only by its name.
pub(super) fn has_symbol(text: &str) -> bool {
    text.contains("${") || text.contains("{{resolve:")
}

/// A key's name and what stands under it.
type Entry = (Key, Node);
