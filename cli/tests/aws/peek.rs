//! What `peek` tells of a message, and what it does not.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use sqs_runtime::{
    batch::{MessageAttribute, MessageAttributeValue},
    queue::{OpenQueue, QueueAttributes, ReceivedMessage, RedrivePolicy},
};
use sqs_runtime_cli::aws::{
    peek::{report, seen},
    sample::{End, Sample},
};

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A dead letter whose sender wants to be obeyed by terminals.
pub(crate) fn sample() -> Sample {
    let mut message = ReceivedMessage::new("m-\u{1b}[2J1", "secret-handle", "{\"card\":\"4111\",\"cents\":900}");
    message.attributes = [
        ("ApproximateReceiveCount", "4"),
        ("SentTimestamp", "1799999820000"),
        ("MessageGroupId", "tenant\n1"),
        ("SenderId", "AIDA-SECRET"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    message.message_attributes = [
        ("token", "private"),
        ("DeadLetterReason", "invalid body"),
        ("DeadLetterError", "unknown card 4111"),
        ("OriginalMessageId", "m-0"),
    ]
    .map(|(name, value)| {
        (name.to_owned(), MessageAttribute::new("String", MessageAttributeValue::String(value.into())))
    })
    .to_vec();
    let mut attributes = QueueAttributes::default();
    attributes.redrive_policy = Some(RedrivePolicy::new("arn:aws:sqs:eu-west-1:210987654321:dead", 5));
    let queue = OpenQueue::new("arn:aws:sqs:eu-west-1:210987654321:orders", attributes);
    Sample { queue, messages: vec![message], end: End::NothingMore, kept: Vec::new() }
}

#[test]
fn a_message_is_told_without_what_is_private() {
    let told = report::text("orders", &seen(&sample(), false, now()));
    assert_eq!(
        told,
        "m-\\u{1b}[2J1: received 4 times, near its last receive, sent 3 min ago, group tenant\\u{a}1, 27 bytes, \
         attributes DeadLetterError DeadLetterReason OriginalMessageId token\n  \
         dead letter: invalid body\n  copy of m-0\n  {\"card\":\"string\",\"cents\":0}\norders: 1 message seen\n"
    );
}

#[test]
fn bodies_are_shown_where_they_are_asked_for() {
    let told = report::text("orders", &seen(&sample(), true, now()));
    assert!(told.contains("  {\"card\":\"4111\",\"cents\":900}\n"), "{told}");
    assert!(told.contains("  dead letter: invalid body: unknown card 4111\n"), "{told}");
}

#[test]
fn programs_get_the_same() {
    let told = report::json("orders", &seen(&sample(), false, now())).expect("JSON");
    let json: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(json["queue"], "orders");
    let message = &json["messages"][0];
    assert_eq!((&message["receive_count"], &message["age_seconds"]), (&4.into(), &180.into()));
    assert_eq!(message["shape"], "{\"card\":\"string\",\"cents\":0}");
    assert_eq!((&message["body"], &message["dead_letter_error"]), (&Value::Null, &Value::Null));
    for private in ["secret-handle", "210987654321", "AIDA-SECRET", "private", "4111"] {
        assert!(!told.contains(private), "{private} in {told}");
    }
}
