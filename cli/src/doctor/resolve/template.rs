//! A tree that is a template, with its resources resolved.

use super::{Entry, Scope, adds_more};
use crate::doctor::{
    read::{Node, Unreadable, Value},
    setting::{Place, Setting},
};

/// The transforms that take nothing away from what can be read here.
const KNOWN_TRANSFORMS: [&str; 2] = ["AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"];

/// What stands for resources that stand elsewhere.
const NESTED: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// A template of CloudFormation or SAM.
pub(crate) struct Template {
    pub(crate) resources: Vec<Resource>,
    globals: Node,
    /// Whether all resources stand here: no macro, loop or nested stack adds any. Only then can one be missing.
    pub(crate) whole: bool,
    /// Whether SAM's connectors give roles more than what stands here.
    pub(crate) connects: bool,
}

/// One resource.
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) kind: String,
    properties: Setting<Node>,
}

impl Template {
    pub(crate) fn of(root: &Node) -> Result<Self, Unreadable> {
        if root.as_map().is_none() {
            return Err(Unreadable::at(root.line, "not a template: it is no map of sections"));
        }
        let resources = section(root, "Resources");
        let Some(entries) = resources.as_map().map(|map| &map.entries) else { return Err(foreign(root)) };
        let (parameters, mappings, conditions) =
            (section(root, "Parameters"), section(root, "Mappings"), section(root, "Conditions"));
        let scope = Scope { parameters: &parameters, mappings: &mappings, conditions: &conditions };
        let stated: Vec<_> = entries.iter().filter(|(key, _)| !adds_more(&key.name)).collect();
        let whole = stated.len() == entries.len() && transforms_are_known(root);
        let resources: Result<Vec<_>, _> = stated.into_iter().map(|entry| Resource::of(&scope, entry)).collect();
        let resources = resources?;
        let connects = entries.iter().any(|(_, node)| !node.at("Connectors").is_absent())
            || resources.iter().any(|resource| resource.kind == "AWS::Serverless::Connector");
        let whole = whole && resources.iter().all(|resource| !resource.stands_for_others());
        Ok(Self { resources, globals: scope.resolve(&section(root, "Globals")), whole, connects })
    }

    /// What `Globals` says for the properties of this section, such as `Function`.
    pub(crate) fn global(&self, section: &str, path: &str) -> Setting<&Node> {
        self.globals.at(section).and_then(|section| section.at(path))
    }
}

impl Resource {
    fn of(scope: &Scope<'_>, (key, node): &Entry) -> Result<Self, Unreadable> {
        let kind = node.at("Type").word();
        let Some(kind) = kind.known() else {
            return Err(Unreadable::at(key.line, format!("not a template: the resource `{}` has no Type", key.name)));
        };
        let properties = match node.at("Properties") {
            Setting::Known(node, place) => Setting::Known(scope.resolve(node), place),
            Setting::Absent => Setting::Absent,
            Setting::Unknown => Setting::Unknown,
        };
        Ok(Self { name: key.name.clone(), place: Place::line(key.line), kind: kind.clone(), properties })
    }

    /// The property at the end of this path.
    pub(crate) fn at(&self, path: &str) -> Setting<&Node> {
        match &self.properties {
            Setting::Known(node, _) => node.at(path),
            Setting::Absent => Setting::Absent,
            Setting::Unknown => Setting::Unknown,
        }
    }

    pub(crate) fn properties(&self) -> Option<&Node> {
        self.properties.known()
    }

    fn stands_for_others(&self) -> bool {
        NESTED.contains(&self.kind.as_str()) || self.kind.ends_with("::MODULE")
    }
}

/// A section of the template; an empty one where there is none.
fn section(root: &Node, name: &str) -> Node {
    let empty = || Node { line: root.line, value: Value::Nothing };
    root.at(name).known().map_or_else(empty, |node| (*node).clone())
}

/// Why this is no template, by what it looks like.
fn foreign(root: &Node) -> Unreadable {
    let has = |keys: &[&str]| keys.iter().all(|key| root.at(key).known().is_some());
    let looks_like = if has(&["apiVersion", "kind"]) {
        ": it looks like a Kubernetes manifest"
    } else if has(&["service", "provider"]) {
        ": it looks like the Serverless Framework's configuration"
    } else if has(&["Records"]) {
        ": it looks like an event"
    } else {
        ""
    };
    Unreadable::at(root.line, format!("not a template: there is no map `Resources` at its top{looks_like}"))
}

fn transforms_are_known(root: &Node) -> bool {
    let transforms = root.at("Transform").texts();
    let known = |names: &Vec<String>| names.iter().all(|name| KNOWN_TRANSFORMS.contains(&name.as_str()));
    transforms.is_absent() || transforms.known().is_some_and(known)
}
