//! The event source mapping: what takes batches from a queue and invokes the function with them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::timeline::START;
use crate::testkit::queue::{Received, arn, message_id};

/// What a mapping and its function are set to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MappingSettings {
    /// The most messages of a batch. Default 10.
    pub batch_size: usize,
    /// How long it waits for a batch to fill. Default not at all.
    pub window: Duration,
    /// How large an event may be, in bytes of its messages' bodies: a batch is closed before it would be larger. Default Lambda's
    /// 6 MB.
    pub max_event_bytes: usize,
    /// The most invocations at a time; 0 where queues have no mapping. Default 8.
    pub maximum_concurrency: usize,
    /// The most invocations at a time in the first minute. Default 5, as Lambda begins.
    pub initial_concurrency: usize,
    /// How many more with each further minute. Default 300, as Lambda goes on.
    pub ramp_per_minute: usize,
    /// Whether it has `ReportBatchItemFailures`. Default yes.
    pub reports_batch_item_failures: bool,
    /// The function's time-out. Default 30 s.
    pub function_timeout: Duration,
}

impl Default for MappingSettings {
    fn default() -> Self {
        Self {
            batch_size: 10,
            window: Duration::ZERO,
            max_event_bytes: 6_000_000,
            maximum_concurrency: 8,
            initial_concurrency: 5,
            ramp_per_minute: 300,
            reports_batch_item_failures: true,
            function_timeout: Duration::from_secs(30),
        }
    }
}

impl MappingSettings {
    /// How many invocations there may be at a time so long after the mapping began.
    pub(super) fn concurrency_at(&self, since: Duration) -> usize {
        let minutes = usize::try_from(since.as_secs() / 60).unwrap_or(usize::MAX);
        let ramped = self.initial_concurrency.saturating_add(self.ramp_per_minute.saturating_mul(minutes));
        ramped.min(self.maximum_concurrency)
    }
}

fn epoch_ms(at: Duration) -> String {
    (START + at).as_millis().to_string()
}

/// The event of these receives.
pub(super) fn event(queue: usize, queue_name: &str, received: &[Received]) -> String {
    let records: Vec<Value> = received.iter().map(|received| record(queue, queue_name, received)).collect();
    json!({ "Records": records }).to_string()
}

/// What SQS says of a receive.
pub(super) fn attributes(received: &Received) -> impl Iterator<Item = (&'static str, String)> {
    [
        ("ApproximateReceiveCount", Some(received.receive_count.to_string())),
        ("SentTimestamp", Some(epoch_ms(received.sent_at))),
        ("ApproximateFirstReceiveTimestamp", Some(epoch_ms(received.first_received_at))),
        ("SenderId", Some("AIDAEXAMPLE".to_owned())),
        ("MessageGroupId", received.sent.group.clone()),
        ("MessageDeduplicationId", received.sent.deduplication_id.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

fn record(queue: usize, queue_name: &str, received: &Received) -> Value {
    let attributes: Map<String, Value> =
        attributes(received).map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "messageId": message_id(queue, received.number),
        "receiptHandle": format!("receipt-{}", received.receipt),
        "body": received.sent.body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": arn(queue_name),
        "awsRegion": "eu-west-1",
    })
}
