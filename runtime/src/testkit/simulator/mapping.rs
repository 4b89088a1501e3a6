//! The event source mapping: what takes batches from a queue and invokes the function with them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{queue::Received, timeline::START};

/// What a mapping and its function are set to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MappingSettings {
    /// The most messages of a batch. Default 10.
    pub batch_size: usize,
    /// How long it waits for a batch to fill. Default not at all.
    pub window: Duration,
    /// The most invocations at a time. Default 8.
    pub maximum_concurrency: usize,
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
            maximum_concurrency: 8,
            reports_batch_item_failures: true,
            function_timeout: Duration::from_secs(30),
        }
    }
}

/// How large an event may be.
pub(super) const MAX_EVENT_BYTES: usize = 6_000_000;

/// The message id of a queue's message.
pub(super) fn message_id(queue: usize, number: u64) -> String {
    format!("{queue:08x}-0000-4000-8000-{number:012x}")
}

fn epoch_ms(at: Duration) -> String {
    (START + at).as_millis().to_string()
}

/// The event of these receives.
pub(super) fn event(queue: usize, queue_name: &str, received: &[Received]) -> String {
    let records: Vec<Value> = received.iter().map(|received| record(queue, queue_name, received)).collect();
    json!({ "Records": records }).to_string()
}

fn record(queue: usize, queue_name: &str, received: &Received) -> Value {
    let attributes: Map<String, Value> = [
        ("ApproximateReceiveCount", Some(received.receive_count.to_string())),
        ("SentTimestamp", Some(epoch_ms(received.sent_at))),
        ("ApproximateFirstReceiveTimestamp", Some(epoch_ms(received.first_received_at))),
        ("SenderId", Some("AIDAEXAMPLE".to_owned())),
        ("MessageGroupId", received.sent.group.clone()),
        ("MessageDeduplicationId", received.sent.deduplication_id.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
    .collect();
    json!({
        "messageId": message_id(queue, received.number),
        "receiptHandle": format!("receipt-{}", received.receipt),
        "body": received.sent.body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-west-1:123456789012:{queue_name}"),
        "awsRegion": "eu-west-1",
    })
}
