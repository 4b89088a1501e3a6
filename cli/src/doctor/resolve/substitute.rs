//! `Fn::Sub`: a text with `${names}` in it.

use super::{Scope, symbol};
use crate::doctor::read::{Node, Value};

pub(super) fn substitute(scope: &Scope<'_>, argument: &Node) -> Option<Value> {
    let (text, own) = match &argument.value {
        Value::Text(text) => (text.as_str(), None),
        Value::List(parts) => match parts.as_slice() {
            [text, own] => (text.as_text()?, Some(own)),
            _ => return None,
        },
        Value::Map(_) | Value::Nothing | Value::Unknown => return None,
    };
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        made.push_str(before);
        made.push_str(&named(scope, own, name)?);
        rest = after;
    }
    made.push_str(rest);
    Some(Value::Text(made))
}

fn named(scope: &Scope<'_>, own: Option<&Node>, name: &str) -> Option<String> {
    let own = own.and_then(|own| own.at(name).known().copied());
    let value = match own {
        Some(own) => scope.resolve(own).value,
        None if name.contains('.') => symbol(name),
        // `${!Name}` is a literal `${Name}`, and stays as it is: nothing is called so.
        None => scope.reference(name)?,
    };
    match value {
        Value::Text(text) => Some(text),
        Value::List(_) | Value::Map(_) | Value::Nothing | Value::Unknown => None,
    }
}
