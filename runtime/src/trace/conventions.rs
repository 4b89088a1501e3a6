//! The spans as OpenTelemetry's conventions describe them: names, kinds, attributes, links.

use opentelemetry::trace::Status;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::sender;
use crate::{
    batch::{Batch, QueueArn, Record, loggable},
    outcome::Outcome,
};

/// As many links as a span may have unless the environment says otherwise.
const MOST_LINKS: usize = 128;

/// A server's span, and a child of Lambda's own where Lambda samples it. Without active tracing Lambda sends a header that says "not
/// sampled"; as a child of that nothing would ever be recorded.
#[cfg(feature = "lambda")]
pub(super) fn describe_invocation(span: &Span, context: &lambda_runtime::Context) {
    named(span, "invocation", "server");
    span.set_attribute("faas.trigger", "pubsub");
    span.set_attribute("faas.invocation_id", context.request_id.clone());
    span.set_attribute("cloud.resource_id", context.invoked_function_arn.clone());
    if let Some(parent) = context.xray_trace_id.as_deref().and_then(sender::sampled_context) {
        // Fails where no layer listens, or a program's own layer has begun the span.
        let _ = span.set_parent(parent);
    }
}

pub(super) fn describe_batch(span: &Span, batch: &Batch) {
    named(span, &operation(batch.queue_arn(0)), "consumer");
    of_queue(span, batch.queue_arn(0));
    span.set_attribute("messaging.batch.message_count", i64::try_from(batch.len()).unwrap_or(i64::MAX));
    let links = (0..batch.len().min(MOST_LINKS)).flat_map(|index| {
        let attributes = batch.message_attributes(index);
        let attribute =
            |name: &str| attributes.iter().find(|(other, _)| &**other == name).map(|(_, value)| value.clone());
        sender::links(batch.trace_header(index), attribute)
    });
    links.take(MOST_LINKS).for_each(|link| span.add_link(link));
}

pub(super) fn describe_message(span: &Span, record: &Record) {
    named(span, &operation(record.queue_arn()), "consumer");
    of_queue(span, record.queue_arn());
    span.set_attribute("messaging.message.id", record.display_id().into_owned());
    span.set_attribute("messaging.message.body.size", i64::try_from(record.body().len()).unwrap_or(i64::MAX));
    let attribute = |name: &str| record.message_attribute(name).cloned();
    sender::links(record.trace_header(), attribute).into_iter().for_each(|link| span.add_link(link));
}

/// What the run of a message came to. Errors have a type to count by; what they said stands in the log.
pub(crate) fn ended(span: &Span, outcome: &Outcome) {
    span.set_attribute("sqs_runtime.outcome", outcome.name());
    if let Some(reason) = outcome.reason() {
        span.set_attribute("error.type", reason.class().name());
        span.set_status(Status::error(reason.class().describe()));
    }
}

fn named(span: &Span, name: &str, kind: &str) {
    span.record("otel.name", name);
    span.record("otel.kind", kind);
}

fn operation(queue: Option<QueueArn<'_>>) -> String {
    format!("process {}", queue_name(queue))
}

fn of_queue(span: &Span, queue: Option<QueueArn<'_>>) {
    for (name, value) in [
        ("messaging.system", "aws_sqs".to_owned()),
        ("messaging.operation.name", "process".to_owned()),
        ("messaging.operation.type", "process".to_owned()),
        ("messaging.destination.name", queue_name(queue)),
    ] {
        span.set_attribute(name, value);
    }
}

fn queue_name(queue: Option<QueueArn<'_>>) -> String {
    loggable(queue.and_then(QueueArn::name).unwrap_or("unknown")).into_owned()
}
