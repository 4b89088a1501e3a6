//! What the queue is told about orders that failed, by the environment.

use sqs_runtime::{Consumer, Error, queue::Queue};

/// The consumer, which tells its queue about failures where `SQS_RUNTIME_DEAD_LETTER_QUEUE` says where dead letters go. An order that is
/// rejected then goes there at once, with the reason, and one that failed waits by a backoff, which `SQS_RUNTIME_BACKOFF_SECONDS` sets.
/// Without that setting failures are reported and nothing else, but by a worker, which has a client for the queue anyway.
///
/// # Errors
///
/// If a setting has a value that it cannot have.
pub async fn told(consumer: Consumer) -> Result<Consumer, Error> {
    if is_set("SQS_RUNTIME_DEAD_LETTER_QUEUE") {
        return Ok(consumer.queue(Queue::from_env().await?));
    }
    Ok(consumer)
}

#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}
