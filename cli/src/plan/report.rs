//! A plan, told: as JSON to programs, as parameters to a template, as text to people.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Load, Plan};

/// A plan as programs get it. These names stay.
#[derive(Serialize)]
struct Told {
    batch_size: u64,
    window_seconds: u64,
    maximum_concurrency: u64,
    function_timeout_seconds: u64,
    visibility_timeout_seconds: u64,
    max_receive_count: u64,
    retention_seconds: u64,
    dead_letter_retention_seconds: u64,
    batch_seconds: f64,
    messages_per_second: f64,
    drain_seconds: f64,
    outage_drain_seconds: f64,
    cost_per_million: Cost,
    worker: Worker,
}

#[derive(Serialize)]
struct Cost {
    sqs: f64,
    lambda: f64,
    dynamodb: f64,
    total: f64,
    total_of_single_messages: f64,
}

#[derive(Serialize)]
struct Worker {
    in_hand: u64,
    permits: u64,
    tasks: u64,
    tasks_at_rest: u64,
}

impl Told {
    fn of(plan: &Plan) -> Self {
        let (cost, worker) = (&plan.cost, &plan.worker);
        Self {
            batch_size: plan.batch.size,
            window_seconds: plan.batch.window,
            maximum_concurrency: plan.maximum_concurrency,
            function_timeout_seconds: plan.function_timeout,
            visibility_timeout_seconds: plan.visibility_timeout,
            max_receive_count: plan.retries.max_receive_count,
            retention_seconds: plan.retries.retention,
            dead_letter_retention_seconds: plan.retries.dead_letter_retention,
            batch_seconds: thousandths(plan.batch.seconds),
            messages_per_second: thousandths(plan.batch.throughput * plan.maximum_concurrency as f64),
            drain_seconds: thousandths(plan.drain),
            outage_drain_seconds: thousandths(plan.outage_drain),
            cost_per_million: Cost {
                sqs: thousandths(cost.sqs),
                lambda: thousandths(cost.lambda),
                dynamodb: thousandths(cost.dynamodb),
                total: thousandths(cost.total),
                total_of_single_messages: thousandths(cost.total_alone),
            },
            worker: Worker {
                in_hand: worker.in_hand,
                permits: worker.permits,
                tasks: worker.tasks,
                tasks_at_rest: worker.tasks_at_rest,
            },
        }
    }
}

fn thousandths(measure: f64) -> f64 {
    (measure * 1000.0).round() / 1000.0
}

/// One object with the numbers.
///
/// # Errors
///
/// None that a plan could cause; serde_json's own.
pub fn json(plan: &Plan) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Told::of(plan))
}

/// A line for each parameter, as `sam deploy --parameter-overrides` takes them.
#[must_use]
pub fn parameters(plan: &Plan) -> String {
    let lines = [
        ("BatchSize", plan.batch.size),
        ("BatchingWindow", plan.batch.window),
        ("MaximumConcurrency", plan.maximum_concurrency),
        ("FunctionTimeout", plan.function_timeout),
        ("VisibilityTimeout", plan.visibility_timeout),
        ("MaxReceiveCount", plan.retries.max_receive_count),
        ("MessageRetention", plan.retries.retention),
        ("DeadLetterRetention", plan.retries.dead_letter_retention),
    ];
    lines.map(|(name, value)| format!("{name}={value}\n")).concat()
}

/// A table.
#[must_use]
pub fn text(load: &Load, plan: &Plan) -> String {
    let done = plan.batch.throughput * plan.maximum_concurrency as f64;
    let (retries, worker, cost) = (&plan.retries, &plan.worker, &plan.cost);
    let rows = [
        ("batch size", plan.batch.size.to_string()),
        ("batching window", format!("{} s", plan.batch.window)),
        ("maximum concurrency", format!("{}, which do {done:.0} messages in a second", plan.maximum_concurrency)),
        ("function timeout", format!("{} s; a batch takes {:.2} s", plan.function_timeout, plan.batch.seconds)),
        ("visibility timeout", format!("{} s", plan.visibility_timeout)),
        ("maxReceiveCount", format!("{}, to outlast {} s", retries.max_receive_count, load.outage)),
        ("retention", format!("{} s; dead letters {} s", retries.retention, retries.dead_letter_retention)),
        ("burst done after", format!("{:.0} s", plan.drain)),
        ("outage made up after", format!("{:.0} s", plan.outage_drain)),
        ("a million messages", format!("{:.2} $ in full batches, {:.2} $ one by one", cost.total, cost.total_alone)),
        (
            "as a worker",
            format!(
                "{} in hand, {} tasks of {}; {} at the usual rate",
                worker.in_hand, worker.tasks, worker.permits, worker.tasks_at_rest
            ),
        ),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{name:<21} {value}");
    }
    text
}
