//! `sqs-runtime plan`.

use std::{fs, path::PathBuf};

use clap::{Args, ValueEnum};

use super::Ended;
use crate::plan::{Aim, Load, Plan, cost::Prices, curve, plan, report};

/// Says how large a consumer must be for a load: batches, concurrency, timeouts, receives, cost.
///
/// Ends with 0, and with 2 where nothing bears the load, or not as it was asked for.
#[derive(Args)]
pub(super) struct Arguments {
    /// Messages that arrive in a second, at all times.
    #[arg(long, value_parser = measure)]
    rate: f64,
    /// Messages that arrive at once.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1_000_000_000_000))]
    burst: u64,
    /// How long a handler works on a message, in milliseconds.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=900_000))]
    message_ms: u64,
    /// What a batch takes beside its handlers, in milliseconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=900_000))]
    overhead_ms: u64,
    /// How large a message is, in bytes.
    #[arg(long, default_value_t = 2_048, value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    message_bytes: u64,
    /// For how many seconds messages may be gathered for a larger batch.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=300))]
    window: u64,
    /// How many messages of a batch run at a time; 1 where a handler computes and does not wait.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    at_once: u64,
    /// The queue is a FIFO queue, with so many message groups that have messages.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    fifo_groups: Option<u64>,
    /// After how many seconds the burst has to be done.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=1_209_600))]
    drain_seconds: u64,
    /// How many invocations run at a time, whatever time the burst then takes.
    #[arg(long, conflicts_with = "drain_seconds", value_parser = clap::value_parser!(u64).range(2..=1000))]
    concurrency: Option<u64>,
    /// For how many seconds something that every message needs may be away.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(..=1_209_600))]
    outage_seconds: u64,
    /// The first delay of the backoff, at most; 0 where failed messages wait for the visibility timeout.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(..=3600))]
    backoff_seconds: u64,
    /// What a function has, in MB.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u64).range(128..=10_240))]
    memory_mb: u64,
    /// Messages that a worker's task has in hand at a time.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    permits: u64,
    #[command(flatten)]
    prices: Priced,
    /// How the plan is told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Draws the backlog over time into this file.
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// Dollars. The defaults are those of us-east-1 in November 2026, on demand, arm64.
#[derive(Args)]
struct Priced {
    /// Dollars for a million requests to SQS; 0.40 for a standard queue, 0.50 for a FIFO queue.
    #[arg(long, value_parser = measure)]
    price_sqs: Option<f64>,
    /// Dollars for a million invocations.
    #[arg(long, default_value_t = 0.20, value_parser = measure)]
    price_invocations: f64,
    /// Dollars for a GB of memory for a second.
    #[arg(long, default_value_t = 0.000_013_333_4, value_parser = measure)]
    price_gb_second: f64,
    /// Dollars for a million write units of DynamoDB.
    #[arg(long, default_value_t = 0.625, value_parser = measure)]
    price_writes: f64,
    /// Write units that a message takes.
    #[arg(long, default_value_t = 2.0, value_parser = measure)]
    writes_per_message: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One object.
    Json,
    /// Parameters of a template, a line for each.
    Parameters,
}

fn measure(text: &str) -> Result<f64, String> {
    const MOST: f64 = 1e9;
    let number = text.parse().ok().filter(|number: &f64| (0.0..=MOST).contains(number));
    number.ok_or_else(|| format!("takes a number from 0 to {MOST}"))
}

pub(super) fn main(arguments: &Arguments) -> Ended {
    told(arguments).map_or_else(Ended::Refused, Ended::Well)
}

fn told(arguments: &Arguments) -> Result<String, String> {
    let load = arguments.load();
    let plan = plan(&load).map_err(|reason| reason.to_string())?;
    if let Some(path) = &arguments.svg {
        fs::write(path, curve::svg(&plan, load.burst)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    arguments.format.tell(&load, &plan)
}

impl Format {
    fn tell(self, load: &Load, plan: &Plan) -> Result<String, String> {
        match self {
            Self::Text => Ok(report::text(load, plan)),
            Self::Json => report::json(plan).map_err(|error| error.to_string()),
            Self::Parameters => Ok(report::parameters(plan)),
        }
    }
}

impl Arguments {
    fn load(&self) -> Load {
        Load {
            rate: self.rate,
            burst: self.burst,
            message_ms: self.message_ms,
            overhead_ms: self.overhead_ms,
            message_bytes: self.message_bytes,
            window: self.window,
            at_once: self.at_once,
            fifo_groups: self.fifo_groups,
            aim: self.concurrency.map_or(Aim::DrainWithin(self.drain_seconds), Aim::Concurrency),
            outage: self.outage_seconds,
            backoff: Some(self.backoff_seconds),
            memory_mb: self.memory_mb,
            permits: self.permits,
            prices: self.prices(),
        }
    }

    fn prices(&self) -> Prices {
        let sqs = if self.fifo_groups.is_some() { 0.50 } else { 0.40 };
        let Priced { price_sqs, price_invocations, price_gb_second, price_writes, writes_per_message } = self.prices;
        Prices {
            sqs: price_sqs.unwrap_or(sqs),
            invocations: price_invocations,
            gb_second: price_gb_second,
            writes: price_writes,
            writes_per_message,
        }
    }
}
