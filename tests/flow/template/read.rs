//! A template as a deployment with some parameters would have it: what these decide is carried out.

use saphyr::{LoadableYamlNode as _, YamlOwned};
use serde_json::{Map, Value, json};

use super::Node;
use crate::support::root;

/// A template of this repository.
pub(crate) struct Template {
    /// As it is written, with these defaults.
    pub(crate) text: String,
    document: Value,
}

impl Template {
    /// With the defaults that it has.
    pub(crate) fn read(name: &str) -> Result<Self, String> {
        Self::with(name, &[])
    }

    /// With these defaults instead of its own.
    pub(crate) fn with(name: &str, parameters: &[(&str, &str)]) -> Result<Self, String> {
        let path = root().join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let set = |text: String, (name, value): &(&str, &str)| with_default(&text, name, value);
        let text = parameters.iter().try_fold(text, set)?;
        let documents = YamlOwned::load_from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        let stated = plain(documents.first().ok_or_else(|| format!("{name} is empty"))?);
        Ok(Self { text, document: Decided { template: &stated }.of(&stated).unwrap_or_default() })
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node(&self.document)
    }
}

/// The text with another default for this parameter.
fn with_default(text: &str, name: &str, value: &str) -> Result<String, String> {
    const DEFAULT: &str = "\n    Default: ";
    let parameter = format!("\n  {name}:\n");
    let start = text.find(&parameter).ok_or_else(|| format!("no parameter {name}"))?;
    let (before, after) = text.split_at(start);
    let (head, rest) = after.split_once(DEFAULT).ok_or_else(|| format!("{name} has no default"))?;
    let (_, rest) = rest.split_once('\n').ok_or_else(|| format!("nothing follows on {name}"))?;
    let value = if value.is_empty() { r#""""# } else { value };
    Ok(format!("{before}{head}{DEFAULT}{value}\n{rest}"))
}

/// YAML as JSON, and CloudFormation's short forms as its long ones.
fn plain(node: &YamlOwned) -> Value {
    if let (Some(tag), Some(argument)) = (node.get_tag(), node.get_tagged_node()) {
        let name = match tag.suffix.as_str() {
            name @ ("Ref" | "Condition") => name.to_owned(),
            name => format!("Fn::{name}"),
        };
        return json!({ name: plain(argument) });
    }
    if let Some(items) = node.as_vec() {
        return items.iter().map(plain).collect();
    }
    if let Some(entries) = node.as_mapping() {
        let entries = entries.iter().filter_map(|(key, value)| Some((key.as_str()?.to_owned(), plain(value))));
        return Value::Object(entries.collect());
    }
    let text = node.as_str().map(Value::from);
    text.or_else(|| node.as_integer().map(Value::from)).or_else(|| node.as_bool().map(Value::from)).unwrap_or_default()
}

/// What the parameters' defaults decide.
struct Decided<'a> {
    template: &'a Value,
}

impl Decided<'_> {
    /// `None` for what is not there.
    fn of(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.of(item)).collect()),
            Value::Object(map) => self.map(map),
            other => Some(other.clone()),
        }
    }

    fn map(&self, map: &Map<String, Value>) -> Option<Value> {
        if let Some(argument) = map.get("Ref").and_then(Value::as_str) {
            return if argument == "AWS::NoValue" { None } else { Some(self.reference(argument)) };
        }
        if let Some(argument) = map.get("Fn::If").and_then(Value::as_array) {
            let [condition, yes, no] = &**argument else { panic!("three parts: {argument:?}") };
            return self.of(if self.holds(&json!({ "Condition": condition })) { yes } else { no });
        }
        if let Some(text) = map.get("Fn::Sub").and_then(Value::as_str) {
            return Some(json!({ "Fn::Sub": self.substituted(text) }));
        }
        if let Some(argument) = map.get("Fn::FindInMap").and_then(|argument| self.of(argument)) {
            let found = argument.as_array().into_iter().flatten();
            return found.fold(self.template.get("Mappings"), |found, key| found?.get(key.as_str()?)).cloned();
        }
        // A resource that is not made.
        if map.contains_key("Type")
            && map.get("Condition").is_some_and(|name| !self.holds(&json!({ "Condition": name })))
        {
            return None;
        }
        Some(Value::Object(map.iter().filter_map(|(key, value)| Some((key.clone(), self.of(value)?))).collect()))
    }

    /// A parameter's default; a reference to a resource stays one.
    fn reference(&self, name: &str) -> Value {
        let default = self.template["Parameters"].get(name).and_then(|parameter| parameter.get("Default"));
        default.cloned().unwrap_or_else(|| json!({ "Ref": name }))
    }

    fn substituted(&self, text: &str) -> String {
        let parameters = self.template["Parameters"].as_object().into_iter().flatten();
        parameters.fold(text.to_owned(), |text, (name, parameter)| {
            let default = parameter.get("Default").cloned().unwrap_or_default();
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            text.replace(&format!("${{{name}}}"), &default)
        })
    }

    fn holds(&self, condition: &Value) -> bool {
        let (name, argument) = condition.as_object().and_then(|map| map.iter().next()).expect("a condition");
        match (name.as_str(), argument) {
            ("Condition", Value::String(name)) => self.holds(&self.template["Conditions"][name]),
            ("Fn::Not", Value::Array(parts)) => !self.holds(&parts[0]),
            ("Fn::Equals", Value::Array(parts)) => {
                let said = |part: &Value| self.of(part).map(|value| value.to_string().replace('"', ""));
                said(&parts[0]) == said(&parts[1])
            }
            _ => panic!("a condition that is not known here: {condition}"),
        }
    }
}
