//! Functions, and the event source mappings that invoke them.

use super::{id, policy};
use crate::doctor::{
    model::{Function, FunctionRole, Id, Mapping},
    read::{Key, Node},
    resolve::{Resource, Template},
    setting::{Place, Setting},
};

/// What a source of events that is no queue has to say and a queue has not.
const OF_OTHER_SOURCES: [&str; 6] = [
    "StartingPosition",
    "Topics",
    "Queues",
    "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
];

pub(super) fn plain(resource: &Resource) -> Function {
    function(resource, FunctionRole::Named(resource.at("Role").text()), |path| resource.at(path))
}

pub(super) fn serverless(template: &Template, resource: &Resource) -> Function {
    let says = |path: &str| resource.at(path).or(|| template.global("Function", path));
    let role = says("Role").text();
    let role = if role.is_absent() {
        FunctionRole::Generated(policy::generated(resource, &says("Policies"), events(resource).next().is_some()))
    } else {
        FunctionRole::Named(role)
    };
    function(resource, role, says)
}

fn function<'a>(resource: &Resource, role: FunctionRole, says: impl Fn(&str) -> Setting<&'a Node>) -> Function {
    Function {
        id: id(resource, "FunctionName"),
        timeout: says("Timeout").number(),
        reserved: says("ReservedConcurrentExecutions").number(),
        idempotency_table: says("Environment.Variables.IDEMPOTENCY_TABLE").text(),
        dead_letter_queue: says("Environment.Variables.SQS_RUNTIME_DEAD_LETTER_QUEUE").text(),
        backoff: says("Environment.Variables.SQS_RUNTIME_BACKOFF_SECONDS").text(),
        role,
    }
}

/// The events of type SQS of a SAM function: SAM makes a mapping of each.
pub(super) fn events(resource: &Resource) -> impl Iterator<Item = Mapping> {
    let events = resource.at("Events").known().map_or(&[][..], |events| events.entries());
    events
        .iter()
        .filter(|(_, event)| event.at("Type").word().known().is_some_and(|kind| kind == "SQS"))
        .map(|entry| event(resource, entry))
}

fn event(resource: &Resource, (key, event): &(Key, Node)) -> Mapping {
    let place = Place::line(key.line);
    let function = Setting::Known(format!("${{{}}}", resource.name), place);
    let id = Id { resource: resource.name.clone(), place, name: Setting::Absent };
    let says = |path: &str| event.at("Properties").and_then(|properties| properties.at(path));
    mapped(id, says("Queue").text(), function, says)
}

/// A mapping that stands alone, where its source is a queue.
pub(super) fn mapping(template: &Template, resource: &Resource) -> Option<Mapping> {
    let source = resource.at("EventSourceArn").text();
    is_a_queue(template, resource, &source).then(|| {
        let function = resource.at("FunctionName").text();
        let function = through_alias(template, function);
        let id = Id { resource: resource.name.clone(), place: resource.place, name: Setting::Absent };
        mapped(id, source, function, |path| resource.at(path))
    })
}

fn mapped<'a>(
    id: Id,
    queue: Setting<String>,
    function: Setting<String>,
    says: impl Fn(&str) -> Setting<&'a Node>,
) -> Mapping {
    Mapping {
        id,
        queue,
        function,
        response_types: says("FunctionResponseTypes").words(),
        batch_size: says("BatchSize").number(),
        window: says("MaximumBatchingWindowInSeconds").number(),
        max_concurrency: says("ScalingConfig.MaximumConcurrency").number(),
        provisioned: says("ProvisionedPollerConfig").is_filled(),
        filters: says("FilterCriteria.Filters").is_filled(),
    }
}

/// By its source's ARN; where that is not known, because nothing says what another source would have to say.
fn is_a_queue(template: &Template, resource: &Resource, source: &Setting<String>) -> bool {
    let queues = template.resources.iter().filter(|resource| resource.kind == "AWS::SQS::Queue");
    let mut ids = queues.map(|queue| id(queue, "QueueName"));
    let is_a_queues = |arn: &String| arn.contains(":sqs:") || ids.any(|id| id.is_meant_by(arn));
    let is_of_another = OF_OTHER_SOURCES.iter().any(|name| !resource.at(name).is_absent());
    source.known().is_some_and(is_a_queues) || (!is_of_another && !names_another_kind(template, source))
}

fn names_another_kind(template: &Template, source: &Setting<String>) -> bool {
    let Some(source) = source.known() else { return false };
    let is_another_arn = source.starts_with("arn:") && !source.contains(":sqs:");
    is_another_arn || template.resources.iter().any(|resource| id(resource, "Name").is_meant_by(source))
}

/// The function that an alias or a version of this template stands for.
fn through_alias(template: &Template, function: Setting<String>) -> Setting<String> {
    let aliases = template
        .resources
        .iter()
        .filter(|resource| matches!(resource.kind.as_str(), "AWS::Lambda::Alias" | "AWS::Lambda::Version"));
    let meant = function.known().and_then(|name| aliases.into_iter().find(|alias| id(alias, "Id").is_meant_by(name)));
    meant.map(|alias| alias.at("FunctionName").text()).unwrap_or(function)
}
