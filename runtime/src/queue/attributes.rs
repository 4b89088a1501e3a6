//! What a queue is set to, and how much is in it.

use std::time::Duration;

use serde::Deserialize;

/// What a queue is set to, as far as a consumer has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueAttributes {
    /// How long a received message stays hidden.
    pub visibility_timeout: Option<Duration>,
    /// When messages go to which dead-letter queue; `None` where they never do.
    pub redrive_policy: Option<RedrivePolicy>,
    /// How many messages a receive could find when it was asked, about; `None` where it does not say.
    pub backlog: Option<u64>,
}

/// A queue's redrive policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedrivePolicy {
    /// The dead-letter queue's Amazon Resource Name.
    pub dead_letter_queue: Box<str>,
    /// After so many receives a message is moved there instead of being received once more.
    pub max_receive_count: u32,
}

impl RedrivePolicy {
    /// A policy of these.
    pub fn new(dead_letter_queue: impl Into<Box<str>>, max_receive_count: u32) -> Self {
        Self { dead_letter_queue: dead_letter_queue.into(), max_receive_count }
    }

    /// Reads the JSON text of SQS's `RedrivePolicy` attribute. `None` where it is not one.
    ///
    /// ```
    /// use sqs_runtime::queue::RedrivePolicy;
    ///
    /// let arn = "arn:aws:sqs:eu-west-1:123456789012:orders-dead";
    /// let json = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"5"}}"#);
    /// assert_eq!(RedrivePolicy::from_json(&json), Some(RedrivePolicy::new(arn, 5)));
    /// assert_eq!(RedrivePolicy::from_json("{}"), None);
    /// ```
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        let Wire { dead_letter_target_arn, max_receive_count } = serde_json::from_str(json).ok()?;
        let max_receive_count = match max_receive_count {
            Count::Number(count) => count,
            Count::Text(text) => text.parse().ok()?,
        };
        Some(Self::new(dead_letter_target_arn, max_receive_count))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    dead_letter_target_arn: Box<str>,
    max_receive_count: Count,
}

/// A number, or as some tools write it, a text of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u32),
    Text(String),
}
