//! One function, from its deployment to the account of its messages.

use std::time::Duration;

use anyhow::bail;
use sqs_runtime::{Clock as _, SystemClock};

use crate::{
    account::{Account, Facts},
    aws::{Lambda, Queue, Tables},
    command_line::Args,
    counter::Counter,
    functions::Function,
    plan::{Kind, Planned},
    poller,
};

/// How long messages may take to leave their queue. A message that meets another's claim waits for as long as a function may run.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(500);

/// Deploys the function, sends it so many messages, and settles their account.
pub(crate) async fn run(args: &Args, function: &Function, count: usize) -> anyhow::Result<Account> {
    let counter = Counter::start().await?;
    let tables = Tables::create(&args.endpoint, function.name).await?;
    let queue = Queue::create(&args.endpoint, function.name, function.is_fifo).await?;
    let lambda = Lambda::new(&args.endpoint)?;
    let settings = settings(args, &counter, &tables, &queue);
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    lambda.deploy(function.name, &args.packaged.join(function.package).join("bootstrap.zip"), &settings).await?;

    let planned = (function.messages)(args.seed, count);
    let is_redelivered = |planned: &Planned| planned.kind == Kind::Redelivered;
    let (redelivered, others): (Vec<_>, Vec<_>) = planned.into_iter().partition(is_redelivered);
    let mut sent = queue.send(redelivered).await?;
    poller::deliver_and_die(&queue, &lambda, function, sent.len()).await?;
    lambda.map(function.name, &queue.arn).await?;
    sent.extend(queue.send(others).await?);
    wait_until_empty(&queue, function).await?;

    let (effects, letters) = (tables.effects().await?, queue.dead_letters().await?);
    Ok(Account::of(&Facts { sent, effects, letters, runs: counter.runs() }))
}

/// What the function is told by its environment.
fn settings(args: &Args, counter: &Counter, tables: &Tables, queue: &Queue) -> Vec<(&'static str, String)> {
    vec![
        ("IDEMPOTENCY_TABLE", tables.idempotency.clone()),
        ("ORDERS_TABLE", tables.orders.clone()),
        ("PAYMENT_URL", counter.url()),
        ("SQS_RUNTIME_DEAD_LETTER_QUEUE", queue.dead_letter_arn.clone()),
        // So that nobody waits for half a minute.
        ("BACKOFF_SECONDS", "1".to_owned()),
        ("AWS_ENDPOINT_URL", args.endpoint.clone()),
        ("RUST_LOG", "warn".to_owned()),
    ]
}

async fn wait_until_empty(queue: &Queue, function: &Function) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    let mut left = queue.left().await?;
    while left > 0 {
        if clock.monotonic() > PATIENCE {
            bail!("{}: {left} messages are still in the queue after {} s", function.name, PATIENCE.as_secs());
        }
        clock.sleep(PAUSE).await;
        left = queue.left().await?;
    }
    Ok(())
}
