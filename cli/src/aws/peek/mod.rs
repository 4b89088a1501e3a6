//! `peek`: what lies in a queue.

pub mod report;

use std::time::SystemTime;

use serde::Serialize;
use sqs_runtime::{
    batch::{Batch, MessageAttribute, QueueArn},
    queue::{ReceivedMessage, event_of},
    run::Fixtures,
};

use super::sample::{Sample, attribute, has_few_receives_left, limit, receive_count};

/// A message as it is told. These names stay.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its id.
    pub message_id: String,
    /// How often it was received, this time included.
    pub receive_count: Option<u32>,
    /// Whether the redrive policy takes it after one more receive, or instead of it.
    pub few_receives_left: bool,
    /// For how long it has been there.
    pub age_seconds: Option<u64>,
    /// Its message group.
    pub group: Option<String>,
    /// How long its body is.
    pub bytes: usize,
    /// Its body's JSON without values, or a word about its length.
    pub shape: String,
    /// Its body, where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The names of what its sender said of it.
    pub attributes: Vec<String>,
    /// Why a consumer sent it to the dead-letter queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_reason: Option<String>,
    /// Of which message it is a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_message_id: Option<String>,
    /// What the error said, where bodies are asked for: it may quote one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_error: Option<String>,
}

/// What a sample shows at that time, with or without the bodies.
#[must_use]
pub fn seen(sample: &Sample, bodies: bool, now: SystemTime) -> Vec<Seen> {
    let arn = QueueArn::new(&sample.queue.arn);
    let of = |message| Seen {
        few_receives_left: has_few_receives_left(message, limit(&sample.queue)),
        shape: shape(arn, message).unwrap_or_else(|| format!("text of {} bytes", message.body.len())),
        ..Seen::of(message, bodies, now)
    };
    sample.messages.iter().map(of).collect()
}

impl Seen {
    fn of(message: &ReceivedMessage, bodies: bool, now: SystemTime) -> Self {
        let said = |name: &str| {
            let of_name = message.message_attributes.iter().find(|(of, _)| of == name);
            of_name.and_then(|(_, attribute)| MessageAttribute::as_str(attribute)).map(ToOwned::to_owned)
        };
        let mut attributes: Vec<_> = message.message_attributes.iter().map(|(name, _)| name.clone()).collect();
        attributes.sort();
        Self {
            message_id: message.message_id.clone(),
            receive_count: receive_count(message),
            few_receives_left: false,
            age_seconds: age(message, now),
            group: attribute(message, "MessageGroupId").map(ToOwned::to_owned),
            bytes: message.body.len(),
            shape: String::new(),
            body: bodies.then(|| message.body.clone()),
            attributes,
            dead_letter_reason: said("DeadLetterReason"),
            original_message_id: said("OriginalMessageId"),
            dead_letter_error: said("DeadLetterError").filter(|_| bodies),
        }
    }
}

/// The body as a fixture would have it.
fn shape(queue: QueueArn<'_>, message: &ReceivedMessage) -> Option<String> {
    let redacted = Batch::from_json(Fixtures::redacted(&event_of(queue, [message]))).ok()?;
    redacted.record(0).ok().map(|record| record.body().to_owned())
}

fn age(message: &ReceivedMessage, now: SystemTime) -> Option<u64> {
    let sent_ms: u64 = attribute(message, "SentTimestamp")?.parse().ok()?;
    let sent = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(sent_ms);
    Some(now.duration_since(sent).unwrap_or_default().as_secs())
}
