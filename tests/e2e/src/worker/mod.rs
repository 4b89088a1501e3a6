//! The example `orders` as worker processes on one queue, some of which are killed and some stopped in mid-run and started again.
//!
//! - `process`: a worker process.
//! - `account`: what became of the messages, by what was found: pure.

mod account;
mod process;

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use anyhow::ensure;
use sqs_runtime::{Clock as _, SystemClock};

pub(crate) use self::account::WorkerAccount;
use self::{account::Facts, process::Process};
use crate::{
    aws::{Queue, Tables},
    counter::Counter,
    plan::{self, Planned, effects_of_orders},
    template::Numbers,
};

/// A run.
pub(crate) struct Args {
    pub(crate) endpoint: String,
    /// The program `orders`.
    pub(crate) program: PathBuf,
    /// The folder for the logs of the workers.
    pub(crate) logs: PathBuf,
    pub(crate) messages: usize,
    pub(crate) workers: usize,
    /// So many are killed, and as many stopped, and all of them started again.
    pub(crate) kill: usize,
    pub(crate) seed: u64,
}

/// So soon others get what a worker had that was killed.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(60);

/// How long messages may take to leave their queue once all are sent, for each thousand of them.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// Longer than any backoff of this run, and shorter than what is left of the visibility timeout of a message that a worker did not give
/// back: what is hidden then is hidden for that reason. The longest backoff is 32 s, at a sixth receive: ministack looks first for what was
/// received five times and then, by another look at the clock, for what to hand out, and what becomes visible in between comes once more.
const BACKED_OFF: Duration = Duration::from_secs(34);

/// One message of so many is received and given back before anybody else has it: it comes to a worker as a second delivery.
const REDELIVERED: usize = 20;

/// Runs it all.
pub(crate) async fn run(args: &Args) -> anyhow::Result<WorkerAccount> {
    let counter = Counter::start().await?;
    let tables = Tables::create(&args.endpoint, "worker", Some("orderId")).await?;
    let numbers = Numbers { visibility_timeout: VISIBILITY_TIMEOUT, ..Numbers::of_template()? };
    let queue = Queue::create(&args.endpoint, "worker", false, &numbers).await?;
    let (first, again) = apart(plan::shuffled(args.seed, args.messages));
    let mut sent = queue.send(first).await?;
    redeliver(&queue, args.messages / REDELIVERED).await?;

    let start = |nth| Process::start(args, nth, &settings(args, &counter, &tables, &queue));
    let mut workers = (0..args.workers).map(start).collect::<anyhow::Result<Vec<_>>>()?;
    let total = sent.len() as u64;

    wait_until(&queue, args, total * 2 / 3).await?;
    let invisible_after_stop = stop(&queue, &mut workers).await?;
    for (nth, worker) in workers.iter_mut().enumerate() {
        *worker = start(nth)?;
    }
    sent.extend(queue.send(again).await?);
    wait_until(&queue, args, total / 3).await?;
    for (nth, worker) in workers.iter_mut().enumerate().take(args.kill) {
        worker.kill().await?;
        *worker = start(nth)?;
    }
    let left = wait_until(&queue, args, 0).await?;
    for worker in &mut workers {
        ensure!(worker.is_running()?, "a worker ended by itself");
        worker.terminate().await?;
    }

    let effects = effects_of_orders(&sent, &tables.rows().await?);
    let letters = queue.dead_letters().await?;
    let charges = counter.runs().into_iter().map(|(work, runs)| (work, runs.charges)).collect();
    Ok(WorkerAccount::of(&Facts { sent, effects, letters, charges, left, invisible_after_stop }))
}

/// The messages that ask for something first, and those that ask for it once more. Two that met would hide one of them until the other's
/// lease is over, and what is hidden at the stop has to have one reason only.
fn apart(planned: Vec<Planned>) -> (Vec<Planned>, Vec<Planned>) {
    let mut asked = BTreeSet::new();
    planned.into_iter().partition(|planned| asked.insert(planned.work.clone()))
}

/// Receives so many messages and gives them back.
async fn redeliver(queue: &Queue, messages: usize) -> anyhow::Result<()> {
    let mut received = Vec::new();
    while received.len() < messages {
        let batch = queue.receive().await?;
        ensure!(!batch.is_empty(), "{} of {messages} messages are visible before a worker is started", received.len());
        received.extend(batch);
    }
    queue.release(received).await
}

/// Stops all of them at once; gives how many messages nobody can receive although nobody has them.
async fn stop(queue: &Queue, workers: &mut [Process]) -> anyhow::Result<u64> {
    for worker in &*workers {
        worker.signal_termination()?;
    }
    for worker in workers {
        worker.ended().await?;
    }
    SystemClock::new().sleep(BACKED_OFF).await;
    queue.hidden().await
}

/// Waits until no more than so many messages are in the queue; gives how many there are when nobody waits any longer.
async fn wait_until(queue: &Queue, args: &Args, most: u64) -> anyhow::Result<u64> {
    let clock = SystemClock::new();
    let patience = PATIENCE.mul_f64(1.0 + args.messages as f64 / 1_000.0);
    loop {
        let left = queue.left().await?;
        if left <= most || clock.monotonic() > patience {
            return Ok(left);
        }
        clock.sleep(PAUSE).await;
    }
}

/// What the worker is told by its environment.
fn settings(args: &Args, counter: &Counter, tables: &Tables, queue: &Queue) -> Vec<(&'static str, String)> {
    vec![
        ("SQS_RUNTIME_QUEUE_URL", queue.arn.clone()),
        ("IDEMPOTENCY_TABLE", tables.idempotency.clone()),
        ("ORDERS_TABLE", tables.effects.clone().unwrap_or_default()),
        ("PAYMENT_URL", counter.payments()),
        ("SQS_RUNTIME_DEAD_LETTER_QUEUE", queue.dead_letter_arn.clone()),
        // So that nobody waits for half a minute.
        ("SQS_RUNTIME_BACKOFF_SECONDS", "1".to_owned()),
        ("AWS_ENDPOINT_URL", args.endpoint.clone()),
        ("RUST_LOG", "warn".to_owned()),
    ]
}
