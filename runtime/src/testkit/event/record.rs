//! A message as a record of an event.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Message, REGION, digest};
use crate::{Clock, clock::epoch_ms, testkit::ManualClock};

/// The record of the nth message of an event of that queue, counted from 1.
pub(super) fn of(message: &Message, nth: usize, queue_arn: &str) -> Value {
    let id = message.id.clone().unwrap_or_else(|| format!("00000000-0000-4000-8000-{nth:012}"));
    let (sent_at, first_received_at) = times(message);
    let body = message.body(nth, sent_at);
    let mut record = json!({
        "messageId": id,
        "receiptHandle": message.receipt_handle.clone().unwrap_or_else(|| format!("handle-of-{id}")),
        "md5OfBody": digest::of_body(&body),
        "attributes": system_attributes(message, nth, &body, queue_arn.ends_with(".fifo"), sent_at, first_received_at),
        "messageAttributes": message_attributes(message),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
        "body": body,
    });
    if let (Some(record), Some(digest)) = (record.as_object_mut(), digest::of_attributes(&message.attributes)) {
        record.insert("md5OfMessageAttributes".into(), digest.into());
    }
    record
}

/// When the message was sent, and first received.
fn times(message: &Message) -> (SystemTime, SystemTime) {
    let first_received_at = message.first_received_at.unwrap_or_else(|| ManualClock::new().wall());
    let before = first_received_at.checked_sub(Duration::from_secs(1)).unwrap_or(first_received_at);
    (message.sent_at.unwrap_or(before), first_received_at)
}

fn system_attributes(
    message: &Message,
    nth: usize,
    body: &str,
    is_fifo: bool,
    sent_at: SystemTime,
    first_received_at: SystemTime,
) -> Value {
    let fifo = |value: &dyn Fn() -> String| is_fifo.then(value);
    let deduplication = message.deduplication_id.clone();
    let sequence = message.sequence.unwrap_or(nth as u64);
    let all = [
        ("ApproximateReceiveCount", Some(message.receive_count.to_string())),
        ("SentTimestamp", Some(epoch_ms(sent_at).to_string())),
        ("ApproximateFirstReceiveTimestamp", Some(epoch_ms(first_received_at).to_string())),
        ("SenderId", Some("AROAEXAMPLE:sender".to_owned())),
        ("AWSTraceHeader", message.trace_header.clone()),
        ("MessageGroupId", message.group.clone().or_else(|| fifo(&|| "group".to_owned()))),
        ("MessageDeduplicationId", deduplication.or_else(|| fifo(&|| digest::hex(&Sha256::digest(body))))),
        ("SequenceNumber", fifo(&|| format!("188896713{:011}", sequence.saturating_mul(512)))),
    ];
    let present = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    present.collect::<Map<_, _>>().into()
}

fn message_attributes(message: &Message) -> Value {
    message.attributes.iter().map(|(name, value)| (name.clone(), value.to_json())).collect::<Map<_, _>>().into()
}
