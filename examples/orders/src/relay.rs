//! The outbox's relay: sends what orders left in the outbox to a second queue, and marks it as sent.
//!
//! Between sending and marking the process can die; then the row is sent again. So this is at least once, and whoever consumes
//! the second queue needs a key of its own: the example `confirmations` takes the order's id. What it can never do is to send
//! a row of an order that was not placed, or to forget one that was: the row committed with the order.

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use serde_json::json;
use sqs_runtime::{Clock, SystemClock};

use crate::{
    SendError,
    causes::causes,
    queue::{MAX_ENTRIES, Message, Queue},
    tables::{number, text},
};

/// How long a row stays after it was sent, for people who want to look.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long to wait when there is nothing to send.
const PAUSE: Duration = Duration::from_secs(1);

/// From which table to which queue.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Of the outbox.
    pub tables: Client,
    /// The outbox.
    pub outbox: String,
    /// Of the queue.
    pub queues: aws_sdk_sqs::Client,
    /// The queue.
    pub queue_url: String,
}

/// Why the relay stopped.
#[derive(Debug)]
pub enum RelayError {
    /// The outbox could not be read or marked.
    Table(String),
    /// The queue did not take a message.
    Queue(SendError),
}

impl Relay {
    /// Sends what is there and stops once nothing is left; gives how many messages were sent.
    ///
    /// # Errors
    ///
    /// If the table or the queue does not answer, after the SDK's own retries. What was not marked is sent by the next run.
    pub async fn run_once(&self) -> Result<u64, RelayError> {
        let mut sent = 0;
        loop {
            match self.pass().await? {
                0 => return Ok(sent),
                more => sent += more,
            }
        }
    }

    /// Sends what is there and what comes, until the process ends.
    ///
    /// # Errors
    ///
    /// As [`run_once`](Self::run_once).
    pub async fn run(&self) -> Result<u64, RelayError> {
        loop {
            if self.pass().await? == 0 {
                SystemClock::new().sleep(PAUSE).await;
            }
        }
    }

    /// One look at the whole outbox.
    async fn pass(&self) -> Result<u64, RelayError> {
        let (mut sent, mut start) = (0, None);
        loop {
            let scan = self.tables.scan().table_name(&self.outbox).filter_expression("attribute_not_exists(sentAt)");
            let page = scan.consistent_read(true).set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| RelayError::Table(causes(&error)))?;
            for batch in page.items().chunks(usize::from(MAX_ENTRIES)) {
                sent += self.send(batch).await?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(sent);
            }
        }
    }

    /// Sends rows, and marks those that the queue took.
    async fn send(&self, rows: &[HashMap<String, AttributeValue>]) -> Result<u64, RelayError> {
        let queue = Queue::new(&self.queues, &self.queue_url);
        let mut batch: Vec<Message> = rows.iter().filter_map(message).collect();
        let mut sent = 0;
        while !batch.is_empty() {
            let tried: Vec<String> = batch.iter().map(|message| message.order_id.clone()).collect();
            batch = queue.send(batch).await.map_err(RelayError::Queue)?;
            for order_id in tried.iter().filter(|tried| batch.iter().all(|refused| refused.order_id != **tried)) {
                self.mark(order_id).await?;
                sent += 1;
            }
        }
        Ok(sent)
    }

    async fn mark(&self, order_id: &str) -> Result<(), RelayError> {
        let now = SystemClock::new().wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let update = self.tables.update_item().table_name(&self.outbox).key("orderId", text(order_id));
        let update = update.update_expression("SET sentAt = :now, expiration = :end");
        let update = update.condition_expression("attribute_exists(orderId)");
        let update = update.expression_attribute_values(":now", number(now.as_secs()));
        let update = update.expression_attribute_values(":end", number((now + KEPT).as_secs()));
        update.send().await.map(drop).map_err(|error| RelayError::Table(causes(&error)))
    }
}

/// The message of a row; `None` of a row that is not one of ours.
fn message(row: &HashMap<String, AttributeValue>) -> Option<Message> {
    let order_id = row.get("orderId")?.as_s().ok()?.clone();
    let customer_id = row.get("customerId")?.as_s().ok()?;
    let total_cents: u64 = row.get("totalCents")?.as_n().ok()?.parse().ok()?;
    let body = json!({"orderId": order_id, "customerId": customer_id, "totalCents": total_cents}).to_string();
    Some(Message { order_id, body, fifo: None, tries: 0 })
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(why) => write!(f, "the outbox does not answer: {why}"),
            Self::Queue(error) => error.fmt(f),
        }
    }
}

impl Error for RelayError {}
