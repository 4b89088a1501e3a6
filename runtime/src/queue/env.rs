//! A queue that the environment sets.

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;

use super::{Queue, SqsClient};
use crate::{Error, error::Kind};

impl Queue {
    /// Tells the queue through a client with credentials, region and endpoint as every AWS SDK finds them.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `SQS_RUNTIME_DEAD_LETTER_QUEUE` | URL or Amazon Resource Name of the [`dead_letter_queue`](Self::dead_letter_queue), or `redrive-policy` for the queue that [the redrive policy](Self::dead_letters_by_redrive_policy) names; not set: rejected messages are left to the redrive policy |
    /// | `SQS_RUNTIME_MAX_RECEIVE_COUNT` | the redrive policy's [`max_receive_count`](Self::max_receive_count), where the role may not ask |
    ///
    /// # Errors
    ///
    /// If a variable has a value that it cannot have. No request is made: what the role may not do is found, and said once, when it
    /// is first needed.
    pub async fn from_env() -> Result<Self, Error> {
        let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
        let queue = Self::new(SqsClient::new(Client::new(&config)));
        let queue = match setting("SQS_RUNTIME_DEAD_LETTER_QUEUE").as_deref() {
            None => queue,
            Some("redrive-policy") => queue.dead_letters_by_redrive_policy(),
            Some(name) if name.starts_with("arn:") || name.contains("://") => queue.dead_letter_queue(name),
            Some(_) => return Err(not_a("SQS_RUNTIME_DEAD_LETTER_QUEUE", "a queue's URL or ARN, or `redrive-policy`")),
        };
        match setting("SQS_RUNTIME_MAX_RECEIVE_COUNT").map(|count| count.parse()) {
            None => Ok(queue),
            Some(Ok(count)) => Ok(queue.max_receive_count(count)),
            Some(Err(_)) => Err(not_a("SQS_RUNTIME_MAX_RECEIVE_COUNT", "a number of receives")),
        }
    }
}

fn not_a(name: &str, what: &str) -> Error {
    Kind::Settings(format!("{name} has to be {what}")).into()
}

#[expect(clippy::disallowed_methods, reason = "a `from_env` constructor reads the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
