//! Lambda: functions, and the event source mappings that invoke them.

use aws_sdk_lambda::{
    Client,
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    types::{EnvironmentResponse, EventSourceMappingConfiguration, ScalingConfig},
};

use super::{
    reading::Reading,
    stack::{Resource, Stack},
};
use crate::doctor::{
    describe::speaks_of_dead_letters,
    model::{Function, FunctionRole, Id, Mapping, Model},
    setting::Setting,
};

pub(super) async fn read(client: &Client, reading: &mut Reading, stack: &Stack) {
    for resource in stack.of("AWS::Lambda::Function") {
        let function = function(client, reading, resource).await;
        reading.model.functions.push(function);
    }
    read_mappings(client, reading, stack).await;
}

async fn function(client: &Client, reading: &mut Reading, resource: &Resource) -> Function {
    let call = client.get_function_configuration().function_name(&resource.physical).send();
    let said = reading.ask(&resource.both(), "lambda:GetFunctionConfiguration", call).await;
    let call = client.get_function_concurrency().function_name(&resource.physical).send();
    let reserved = reading.ask(&resource.both(), "lambda:GetFunctionConcurrency", call).await;
    let reserved = reserved.map_or(Setting::Unknown, |answer| number(answer.reserved_concurrent_executions));
    let Some(said) = said else { return unread(resource, reserved, reading) };
    let variables = Variables::of(&said);
    reading.hides_dead_letters |= matches!(variables, Variables::Unread);
    let letters = said.dead_letter_config().and_then(|config| config.target_arn().map(str::to_owned));
    reading.model.dead_letter_targets.extend(variables.dead_letter_targets().chain(letters));
    Function {
        id: resource.id(),
        timeout: number(said.timeout()),
        reserved,
        idempotency_table: variables.get("IDEMPOTENCY_TABLE"),
        dead_letter_queue: variables.get("SQS_RUNTIME_DEAD_LETTER_QUEUE"),
        backoff: variables.get("SQS_RUNTIME_BACKOFF_SECONDS"),
        role: FunctionRole::Named(text(said.role())),
    }
}

/// A function of which nothing else is known.
fn unread(resource: &Resource, reserved: Setting<u64>, reading: &mut Reading) -> Function {
    reading.hides_dead_letters = true;
    Function {
        id: resource.id(),
        timeout: Setting::Unknown,
        reserved,
        idempotency_table: Setting::Unknown,
        dead_letter_queue: Setting::Unknown,
        backoff: Setting::Unknown,
        role: FunctionRole::Named(Setting::Unknown),
    }
}

/// A function's variables. Lambda cannot give them where it may not use their key.
enum Variables<'a> {
    Said(Option<&'a EnvironmentResponse>),
    Unread,
}

impl<'a> Variables<'a> {
    fn of(said: &'a GetFunctionConfigurationOutput) -> Self {
        match said.environment() {
            Some(environment) if environment.error().is_some() => Self::Unread,
            environment => Self::Said(environment),
        }
    }

    fn get(&self, name: &str) -> Setting<String> {
        match self {
            Self::Said(environment) => Setting::said(environment.and_then(|all| all.variables()?.get(name).cloned())),
            Self::Unread => Setting::Unknown,
        }
    }

    fn dead_letter_targets(&self) -> impl Iterator<Item = String> {
        let all = match self {
            Self::Said(environment) => environment.and_then(EnvironmentResponse::variables),
            Self::Unread => None,
        };
        let meant = all.into_iter().flatten().filter(|(name, _)| speaks_of_dead_letters(name));
        meant.map(|(_, value)| value.clone())
    }
}

/// The mappings of the stack's functions and queues, made by it or by hand. All of the region are listed: one of an alias is not
/// among those of its function, nor one to a function elsewhere among those of any.
async fn read_mappings(client: &Client, reading: &mut Reading, stack: &Stack) {
    let pages = client.list_event_source_mappings().into_paginator().items().send();
    let listed: Option<Vec<_>> =
        reading.ask("event source mappings", "lambda:ListEventSourceMappings", pages.collect()).await;
    match listed {
        Some(all) => all.iter().for_each(|said| add(&mut reading.model, stack, said)),
        // Something polls, and it may be any queue.
        None => reading.model.pipes.push(Setting::Unknown),
    }
}

fn add(model: &mut Model, stack: &Stack, said: &EventSourceMappingConfiguration) {
    let (queue, function) = (text(said.event_source_arn()), text(said.function_arn().map(unqualified)));
    let Some(id) = named(model, stack, said.uuid(), &queue, &function) else { return };
    let letters = said.destination_config().and_then(|config| config.on_failure()?.destination());
    model.dead_letter_targets.extend(letters.map(str::to_owned));
    if queue.known().is_some_and(|arn| arn.contains(":sqs:")) {
        model.mappings.push(mapping(id, queue, function, said));
    }
}

/// What a mapping is named by: itself where the stack made it, else its function, else its queue. `None` where none is the stack's.
fn named(
    model: &Model,
    stack: &Stack,
    uuid: Option<&str>,
    queue: &Setting<String>,
    function: &Setting<String>,
) -> Option<Id> {
    let mut own = stack.of("AWS::Lambda::EventSourceMapping").filter(|resource| uuid == Some(&resource.physical));
    let function = || model.function(function).map(|function| function.id.clone());
    own.next().map(Resource::id).or_else(function).or_else(|| model.queue(queue).map(|queue| queue.id.clone()))
}

fn mapping(
    id: Id,
    queue: Setting<String>,
    function: Setting<String>,
    said: &EventSourceMappingConfiguration,
) -> Mapping {
    let types = said.function_response_types.as_ref();
    let filters = said.filter_criteria().and_then(|criteria| criteria.filters.as_ref());
    Mapping {
        id,
        queue,
        function,
        response_types: Setting::said(types.map(|types| types.iter().map(|kind| kind.as_str().to_owned()).collect())),
        batch_size: number(said.batch_size()),
        window: number(said.maximum_batching_window_in_seconds()),
        max_concurrency: number(said.scaling_config().and_then(ScalingConfig::maximum_concurrency)),
        provisioned: Setting::said(said.provisioned_poller_config().map(|_| true)),
        // Filters that Lambda cannot decrypt are filters.
        filters: Setting::said(
            said.filter_criteria_error().map(|_| true).or_else(|| filters.map(|filters| !filters.is_empty())),
        ),
    }
}

/// The function's ARN without its alias or version.
fn unqualified(arn: &str) -> &str {
    const PARTS: usize = 7;
    arn.match_indices(':').nth(PARTS - 1).map_or(arn, |(end, _)| arn.get(..end).unwrap_or(arn))
}

fn text(said: Option<&str>) -> Setting<String> {
    Setting::said(said.map(str::to_owned))
}

fn number(said: Option<i32>) -> Setting<u64> {
    Setting::said(said).read(|number| number.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::unqualified;

    #[test]
    fn an_alias_is_taken_for_its_function() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
        for qualified in [arn.to_owned(), format!("{arn}:live"), format!("{arn}:3")] {
            assert_eq!(unqualified(&qualified), arn);
        }
    }
}
