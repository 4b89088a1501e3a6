//! What a million messages cost.

use super::{Load, batch::Batch, number::up};

/// What one request to SQS may carry for its price, in bytes.
const CHUNK: u64 = 65_536;
/// What one receive or one delete carries at most.
const PER_REQUEST: u64 = 10;
const MILLION: f64 = 1e6;

/// What AWS is paid, in dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prices {
    /// A million requests to SQS.
    pub sqs: f64,
    /// A million invocations.
    pub invocations: f64,
    /// A GB of memory for a second.
    pub gb_second: f64,
    /// A million write units of DynamoDB.
    pub writes: f64,
    /// Write units that a message takes.
    pub writes_per_message: f64,
}

/// Dollars for a million messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerMillion {
    /// Receives and deletes.
    pub sqs: f64,
    /// Invocations and their time.
    pub lambda: f64,
    /// The idempotency table.
    pub dynamodb: f64,
    /// All of it, in full batches.
    pub total: f64,
    /// All of it, where each message comes alone.
    pub total_alone: f64,
}

/// What a million messages cost: in full batches, and in batches of one. What is real lies between.
#[must_use]
pub fn per_million(load: &Load, batch: &Batch) -> PerMillion {
    let full = of_batches(load, batch.size, batch.seconds);
    let alone = of_batches(load, 1, super::batch::seconds(1, 1, load.message_ms, load.overhead_ms));
    PerMillion { total_alone: alone.total, ..full }
}

fn of_batches(load: &Load, size: u64, seconds: f64) -> PerMillion {
    let batches = MILLION / size as f64;
    let prices = &load.prices;
    let sqs = batches * requests(size, load.message_bytes) as f64 / MILLION * prices.sqs;
    // Lambda counts whole milliseconds.
    let gb_seconds = up(seconds * 1000.0) as f64 / 1000.0 * load.memory_mb as f64 / 1024.0;
    let lambda = batches * (prices.invocations / MILLION + gb_seconds * prices.gb_second);
    let dynamodb = prices.writes_per_message * prices.writes;
    let total = sqs + lambda + dynamodb;
    PerMillion { sqs, lambda, dynamodb, total, total_alone: total }
}

/// Requests to SQS for a batch: its receives, by their size, and its deletes.
#[must_use]
pub fn requests(size: u64, message_bytes: u64) -> u64 {
    let calls = size.div_ceil(PER_REQUEST);
    let bytes = size.saturating_mul(message_bytes);
    calls.max(bytes.div_ceil(CHUNK)).saturating_add(calls)
}
