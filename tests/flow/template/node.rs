//! Places in a template, and the resources that the rules are about.

use serde_json::Value;

use super::Template;

/// A place in a template.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(pub(super) &'a Value);

impl<'a> Node<'a> {
    /// The node at the end of `path`, whose keys are separated by dots.
    pub(crate) fn at(self, path: &str) -> Option<Self> {
        path.split('.').try_fold(self.0, |node, key| node.get(key)).map(Node)
    }

    pub(crate) fn string(self, path: &str) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    /// As CloudFormation hands it on: a number is text, too.
    pub(crate) fn spelled(self) -> String {
        self.as_str().map_or_else(|| self.0.to_string(), str::to_owned)
    }

    pub(crate) fn as_str(self) -> Option<&'a str> {
        self.0.as_str()
    }

    pub(crate) fn number(self, path: &str) -> Option<u64> {
        self.at(path)?.0.as_u64()
    }

    pub(crate) fn flag(self, path: &str) -> Option<bool> {
        self.at(path)?.0.as_bool()
    }

    pub(crate) fn strings(self, path: &str) -> Vec<&'a str> {
        self.list(path).into_iter().filter_map(Node::as_str).collect()
    }

    /// The items of the list at `path`; none where there is no list.
    pub(crate) fn list(self, path: &str) -> Vec<Self> {
        self.at(path).map(Node::items).unwrap_or_default()
    }

    pub(crate) fn items(self) -> Vec<Self> {
        self.0.as_array().into_iter().flatten().map(Node).collect()
    }

    pub(crate) fn entries(self) -> Vec<(&'a str, Self)> {
        self.0.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), Node(value))).collect()
    }

    /// The argument of one of CloudFormation's functions, such as `Ref` or `Fn::GetAtt`.
    pub(crate) fn intrinsic(self, name: &str) -> Option<&'a str> {
        self.string(name)
    }

    /// Every string in here, however deep, also those under CloudFormation's functions.
    pub(crate) fn words(self) -> Vec<&'a str> {
        if let Some(word) = self.as_str() {
            return vec![word];
        }
        let values = self.entries().into_iter().map(|(_, value)| value);
        self.items().into_iter().chain(values).flat_map(Node::words).collect()
    }

    /// The statements of all the policies of a role.
    pub(crate) fn statements(self) -> Vec<Self> {
        self.list("Policies").into_iter().flat_map(|policy| policy.list("PolicyDocument.Statement")).collect()
    }
}

impl Template {
    pub(crate) fn resource(&self, name: &str) -> Result<Node<'_>, String> {
        let resources = self.root().at("Resources").map(Node::entries).unwrap_or_default();
        let found = resources.into_iter().find(|(found, _)| *found == name);
        found.map(|(_, node)| node).ok_or_else(|| format!("no resource {name}"))
    }

    pub(crate) fn properties(&self, name: &str) -> Result<Node<'_>, String> {
        self.resource(name)?.at("Properties").ok_or_else(|| format!("{name} has no properties"))
    }

    pub(crate) fn of_type(&self, kind: &str) -> Vec<(&str, Node<'_>)> {
        let resources = self.root().at("Resources").map(Node::entries).unwrap_or_default();
        resources.into_iter().filter(|(_, node)| node.string("Type") == Some(kind)).collect()
    }

    /// The name of the one resource of this type for which that is so.
    fn only(&self, kind: &str, is_meant: impl Fn(Node<'_>) -> bool) -> Result<&str, String> {
        let found = self.of_type(kind).into_iter().filter(|(_, node)| node.at("Properties").is_some_and(&is_meant));
        match found.collect::<Vec<_>>().as_slice() {
            [(name, _)] => Ok(name),
            found => Err(format!("{} of type {kind} instead of one", found.len())),
        }
    }

    /// The name of what an `!GetAtt NAME.Arn` points at, if that is a resource of this type.
    pub(crate) fn target<'a>(&self, node: Option<Node<'a>>, kind: &str) -> Result<&'a str, String> {
        let name = node
            .and_then(|node| node.intrinsic("Fn::GetAtt"))
            .and_then(|attribute| attribute.strip_suffix(".Arn"))
            .ok_or_else(|| format!("no !GetAtt NAME.Arn where the ARN of an {kind} belongs"))?;
        let is_of_kind = self.resource(name)?.string("Type") == Some(kind);
        is_of_kind.then_some(name).ok_or_else(|| format!("{name} is not an {kind}"))
    }

    pub(crate) fn function_name(&self) -> Result<&str, String> {
        self.only("AWS::Serverless::Function", |_| true)
    }

    pub(crate) fn function(&self) -> Result<Node<'_>, String> {
        self.properties(self.function_name()?)
    }

    /// The properties of the function's event of type SQS: the event source mapping.
    pub(crate) fn event(&self) -> Result<Node<'_>, String> {
        let events = self.function()?.at("Events").map(Node::entries).unwrap_or_default();
        let event = events.into_iter().find(|(_, event)| event.string("Type") == Some("SQS"));
        event.and_then(|(_, event)| event.at("Properties")).ok_or_else(|| "nothing invokes the function".to_owned())
    }

    /// The queue that is consumed: the one with a dead-letter queue.
    pub(crate) fn queue_name(&self) -> Result<&str, String> {
        self.only("AWS::SQS::Queue", |queue| queue.at("RedrivePolicy").is_some())
    }

    pub(crate) fn queue(&self) -> Result<Node<'_>, String> {
        self.properties(self.queue_name()?)
    }

    pub(crate) fn dead_letter_queue_name(&self) -> Result<&str, String> {
        self.target(self.queue()?.at("RedrivePolicy.deadLetterTargetArn"), "AWS::SQS::Queue")
    }

    pub(crate) fn dead_letter_queue(&self) -> Result<Node<'_>, String> {
        self.properties(self.dead_letter_queue_name()?)
    }

    /// What a variable of the environment is set to, of the function or of the worker's container.
    pub(crate) fn setting(&self, name: &str) -> Option<Node<'_>> {
        if let Ok(function) = self.function() {
            return function.at("Environment.Variables")?.at(name);
        }
        let container = self.container().ok()?;
        container.list("Environment").into_iter().find(|variable| variable.string("Name") == Some(name))?.at("Value")
    }

    /// The container of the worker's task.
    pub(crate) fn container(&self) -> Result<Node<'_>, String> {
        let task = self.properties(self.only("AWS::ECS::TaskDefinition", |_| true)?)?;
        task.list("ContainerDefinitions").into_iter().next().ok_or_else(|| "no container".to_owned())
    }

    /// The function's role.
    pub(crate) fn role(&self) -> Result<Node<'_>, String> {
        self.properties(self.target(self.function()?.at("Role"), "AWS::IAM::Role")?)
    }
}
