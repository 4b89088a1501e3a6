//! Events for the consumer: messages that say what is to be done with them.

use serde_json::{Value, json};

pub(super) const SUCCEED: &str = r#""succeed""#;
pub(super) const FAIL: &str = r#""fail""#;
/// Fails as others will.
pub(super) const SHARE: &str = r#""share""#;
pub(super) const REJECT: &str = r#""reject""#;
pub(super) const PANIC: &str = r#""panic""#;
/// Never completes, but yields.
pub(super) const HANG: &str = r#""hang""#;
/// Never completes and never yields.
pub(super) const BLOCK: &str = r#""block""#;
/// The same, after it was woken by a timer.
pub(super) const WAIT_THEN_BLOCK: &str = r#""wait-then-block""#;
/// Completes once another message runs at the same time.
pub(super) const MEET: &str = r#""meet""#;
/// Ends the process by an abort.
pub(super) const ABORT: &str = r#""abort""#;
/// By a stack overflow.
pub(super) const OVERFLOW: &str = r#""overflow""#;
/// By running out of memory.
pub(super) const RUN_OUT: &str = r#""run-out""#;
/// Not the JSON that the handler asks for.
pub(super) const UNDECODABLE: &str = "{succeed";

/// An event of messages, each an id and a body.
pub(super) fn batch(messages: &[(&str, &str)]) -> String {
    let records: Vec<Value> = messages.iter().map(|(id, body)| record(id, body)).collect();
    json!({ "Records": records }).to_string()
}

/// The same, but the first message has no id.
pub(super) fn batch_with_a_nameless_first(messages: &[(&str, &str)]) -> String {
    let mut records: Vec<Value> = messages.iter().map(|(id, body)| record(id, body)).collect();
    if let Some(first) = records.first_mut().and_then(Value::as_object_mut) {
        first.remove("messageId");
    }
    json!({ "Records": records }).to_string()
}

fn record(id: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": "1793610900671" },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
        "awsRegion": "eu-west-1",
    })
}
