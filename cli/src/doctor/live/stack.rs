//! The resources of a stack, by both of their names.

use crate::{
    doctor::{
        model::Id,
        setting::{Place, Setting},
    },
    terminal::without_accounts,
};

const QUEUE: &str = "AWS::SQS::Queue";

/// What sends to dead-letter queues of its own, which nobody asks about.
const SENDERS: [&str; 5] =
    ["AWS::SNS::", "AWS::Events::", "AWS::Scheduler::", "AWS::Pipes::", "AWS::Lambda::EventInvokeConfig"];

#[derive(Debug)]
pub(super) struct Stack {
    pub(super) resources: Vec<Resource>,
}

#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// The name that its template has for it.
    pub(super) logical: String,
    /// What the service has for it: a name, an ARN, a URL.
    pub(super) physical: String,
    pub(super) kind: String,
}

impl Stack {
    pub(super) fn of(&self, kind: &'static str) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = &Resource> {
        self.of(QUEUE)
    }

    /// Whether these are all resources: those of a nested stack are not among them.
    pub(super) fn is_whole(&self) -> bool {
        self.of("AWS::CloudFormation::Stack").next().is_none()
    }

    pub(super) fn has_senders(&self) -> bool {
        self.resources.iter().any(|resource| SENDERS.iter().any(|sender| resource.kind.starts_with(sender)))
    }

    /// The name that people look a resource up by where it runs.
    pub(super) fn shown(&self, logical: &str) -> Option<String> {
        let resource = self.resources.iter().find(|resource| resource.logical == logical)?;
        Some(without_accounts(resource.name()))
    }
}

impl Resource {
    pub(super) fn id(&self) -> Id {
        let name = Setting::said(Some(self.name().to_owned()));
        Id { resource: self.logical.clone(), place: Place::NOWHERE, name }
    }

    /// Its name alone; a queue is known by its URL, which ends with that.
    fn name(&self) -> &str {
        let is_queue = self.kind == QUEUE;
        self.physical.rsplit('/').next().filter(|_| is_queue).unwrap_or(&self.physical)
    }

    /// Both names, for people.
    pub(super) fn both(&self) -> String {
        format!("{} ({})", self.logical, without_accounts(self.name()))
    }
}
