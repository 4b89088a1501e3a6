//! `plan`: how large a consumer must be for a load, in numbers that a template takes.
//!
//! Each file has one formula, closed and without chance; `runtime/docs/plan.md` derives them and says where their constants are from.
//! Times are seconds, as AWS's settings are, unless a name says `ms`.

pub mod batch;
pub mod cost;
pub mod curve;
pub mod drain;
mod number;
pub mod receives;
pub mod report;
pub mod timeouts;
pub mod worker;

use std::fmt;

use self::{batch::Batch, cost::Prices, drain::Capacity, receives::Retries, worker::Worker};

/// What is to be borne.
#[derive(Clone, Debug)]
pub struct Load {
    /// Messages that arrive in a second, at all times.
    pub rate: f64,
    /// Messages that arrive at once.
    pub burst: u64,
    /// How long a handler works on a message, in milliseconds.
    pub message_ms: u64,
    /// What a batch takes beside its handlers, in milliseconds: claims, completions, the way there and back.
    pub overhead_ms: u64,
    /// How large a message is, in bytes.
    pub message_bytes: u64,
    /// For how long messages may be gathered for a larger batch.
    pub window: u64,
    /// How many messages of a batch run at a time.
    pub at_once: u64,
    /// How many message groups have messages, where the queue is a FIFO queue.
    pub fifo_groups: Option<u64>,
    /// What the concurrency follows from.
    pub aim: Aim,
    /// How long something that every message needs may be away.
    pub outage: u64,
    /// The first delay of the backoff, at most; `None`, or 0, where failed messages wait for the visibility timeout.
    pub backoff: Option<u64>,
    /// What a function has, in MB.
    pub memory_mb: u64,
    /// Messages that a worker's task has in hand at a time.
    pub permits: u64,
    /// What AWS is paid.
    pub prices: Prices,
}

/// What the concurrency follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// The burst has to be done after so many seconds.
    DrainWithin(u64),
    /// So many invocations run at a time.
    Concurrency(u64),
}

/// What bears a load.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The batches, and how long one takes.
    pub batch: Batch,
    /// Invocations at a time.
    pub maximum_concurrency: u64,
    /// After how many seconds Lambda stops the function.
    pub function_timeout: u64,
    /// For how many seconds a received message is hidden.
    pub visibility_timeout: u64,
    /// How often a message may fail, and for how long it is kept.
    pub retries: Retries,
    /// Seconds until the burst is done.
    pub drain: f64,
    /// Seconds until what an outage left is done.
    pub outage_drain: f64,
    /// Dollars for a million messages.
    pub cost: cost::PerMillion,
    /// The same load for a worker.
    pub worker: Worker,
    /// How the burst goes away.
    pub capacity: Capacity,
}

/// Why a load cannot be borne as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible(String);

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Impossible {}

/// What bears this load.
///
/// # Errors
///
/// Nothing that AWS offers does, or not as it was asked for; says which limit is in the way.
pub fn plan(load: &Load) -> Result<Plan, Impossible> {
    let batch = batch::of(load);
    let function_timeout = timeouts::function(batch.seconds)?;
    let visibility_timeout = timeouts::visibility(function_timeout, batch.window);
    let maximum_concurrency = drain::concurrency(load, &batch)?;
    let capacity = Capacity { rate: load.rate, throughput: batch.throughput, concurrency: maximum_concurrency };
    let drain = capacity.drain(load.burst as f64)?;
    let outage_drain = capacity.drain(load.rate * load.outage as f64)?;
    let worker = worker::of(load, drain);
    let retries = receives::of(load, visibility_timeout, drain.max(outage_drain))?;
    let cost = cost::per_million(load, &batch);
    Ok(Plan {
        batch,
        maximum_concurrency,
        function_timeout,
        visibility_timeout,
        retries,
        drain,
        outage_drain,
        cost,
        worker,
        capacity,
    })
}
