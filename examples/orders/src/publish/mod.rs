//! The producer: orders as they might come from the shop's front end, sent to a queue.
//!
//! - `make`: orders from a seed.
//! - `messages`: which messages are sent, in which order.

mod make;
mod messages;

use std::{fmt, time::Duration};

use aws_sdk_sqs::Client;
use serde::Serialize;
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::messages::Messages;
use crate::queue::{MAX_ENTRIES, Message, Queue, SendError};

/// What to send.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many orders.
    pub count: u64,
    /// How many messages in a second, at most; above 0.
    pub rate: f64,
    /// The share of orders that are sent a second time.
    pub twice: f64,
    /// Which orders: the same seed makes the same ones.
    pub seed: u64,
    /// How many customers order; each is a message group of a FIFO queue.
    pub customers: u64,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Messages that the queue took.
    pub sent: u64,
    /// Orders among them.
    pub orders: u64,
    /// Orders that were sent a second time.
    pub twice: u64,
}

/// Why not all was sent.
#[derive(Debug)]
pub enum PublishError {
    /// The queue did not take a message, or did not answer.
    Send(SendError),
    /// The operating system has no random numbers.
    Random(getrandom::Error),
}

impl From<SendError> for PublishError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => error.fmt(f),
            Self::Random(error) => write!(f, "no random numbers: {error}"),
        }
    }
}

impl std::error::Error for PublishError {}

/// Sends what the plan says, in batches, one after the other.
///
/// # Errors
///
/// If a batch gets no answer, after the SDK's own retries, or if the queue refuses a message several times. What was sent
/// before stays sent.
pub async fn publish(client: &Client, queue_url: &str, plan: &Plan) -> Result<Summary, PublishError> {
    let queue = Queue::new(client, queue_url);
    let (batch_size, period) = pace(plan.rate);
    let mut ticks = interval(period);
    // After a slow answer the rate holds again from there: nothing is caught up on.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut messages = Messages::of(plan, queue.is_fifo()).map_err(PublishError::Random)?;
    let mut batch: Vec<Message> = Vec::new();
    loop {
        // What was refused comes first, within the same rate.
        let room = batch_size.saturating_sub(batch.len());
        batch.extend(messages.by_ref().take(room));
        if batch.is_empty() {
            return Ok(messages.summary());
        }
        ticks.tick().await;
        batch = queue.send(batch).await?;
        back_off(&mut ticks, period, &batch);
    }
}

/// How many messages at most go into a batch, and how often one is sent: not more than ten (the limit of SQS), and not more
/// than a second's worth.
fn pace(rate: f64) -> (usize, Duration) {
    let size = (1..=MAX_ENTRIES).rev().find(|size| f64::from(*size) <= rate).unwrap_or(1);
    (usize::from(size), Duration::from_secs_f64(f64::from(size) / rate))
}

/// Waits longer, the more often a message was refused.
fn back_off(ticks: &mut Interval, period: Duration, refused: &[Message]) {
    const FIRST: Duration = Duration::from_millis(25);
    if let Some(tries) = refused.iter().map(|message| message.tries).max() {
        ticks.reset_after(period.max(FIRST.saturating_mul(1 << tries.min(8))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_at_most_ten_messages_and_a_seconds_worth() {
        assert_eq!(pace(1_000.0), (10, Duration::from_millis(10)));
        assert_eq!(pace(10.0), (10, Duration::from_secs(1)));
        assert_eq!(pace(2.5), (2, Duration::from_millis(800)));
        assert_eq!(pace(0.5), (1, Duration::from_secs(2)));
    }
}
