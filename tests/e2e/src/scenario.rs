//! One function, from its deployment to the account of its messages.

use std::time::Duration;

use sqs_runtime::{Clock as _, SystemClock};

use crate::{
    account::{Account, Facts},
    aws::{
        Lambda, Queue, Tables,
        role::{self, Arns},
    },
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
    let tables = Tables::create(&args.endpoint, function.name, function.table.key).await?;
    let queue = Queue::create(&args.endpoint, function.name, function.is_fifo).await?;
    let lambda = Lambda::new(&args.endpoint)?;
    role::create(&args.endpoint, function.name, &arns(function, &tables, &queue), &Tables::arn(&tables.effects))
        .await?;
    let package = args.packaged.join(function.package).join("bootstrap.zip");
    lambda.deploy(function.name, &package, settings(args, function, &counter, &tables, &queue)).await?;

    let planned = (function.messages)(args.seed, count);
    let is_redelivered = |planned: &Planned| planned.kind == Kind::Redelivered;
    let (redelivered, others): (Vec<_>, Vec<_>) = planned.into_iter().partition(is_redelivered);
    let mut sent = queue.send(redelivered).await?;
    poller::deliver_and_die(&queue, &lambda, function, sent.len()).await?;
    lambda.map(function.name, &queue.arn).await?;
    sent.extend(queue.send(others).await?);
    let left = wait_until_empty(&queue).await?;

    let effects = (function.effects)(&sent, &tables.rows().await?);
    let letters = queue.dead_letters().await?;
    Ok(Account::of(&Facts { sent, effects, letters, runs: counter.runs(), left }))
}

/// What the template's names stand for.
fn arns(function: &Function, tables: &Tables, queue: &Queue) -> Arns {
    [
        ("OrdersQueue", queue.arn.clone()),
        ("OrdersDeadLetterQueue", queue.dead_letter_arn.clone()),
        ("IdempotencyTable", Tables::arn(&tables.idempotency)),
        // Nothing here writes to it.
        ("OrdersFunctionLogGroup", format!("arn:aws:logs:*:*:log-group:/aws/lambda/{}", function.name)),
    ]
    .into()
}

/// What the function is told by its environment.
fn settings(
    args: &Args,
    function: &Function,
    counter: &Counter,
    tables: &Tables,
    queue: &Queue,
) -> Vec<(&'static str, String)> {
    vec![
        ("IDEMPOTENCY_TABLE", tables.idempotency.clone()),
        (function.table.setting, tables.effects.clone()),
        ("PAYMENT_URL", counter.url()),
        ("SQS_RUNTIME_DEAD_LETTER_QUEUE", queue.dead_letter_arn.clone()),
        // So that nobody waits for half a minute.
        ("SQS_RUNTIME_BACKOFF_SECONDS", "1".to_owned()),
        ("AWS_ENDPOINT_URL", args.endpoint.clone()),
        ("RUST_LOG", "warn".to_owned()),
    ]
}

/// How many messages are left when nobody waits any longer; 0 if all went well.
async fn wait_until_empty(queue: &Queue) -> anyhow::Result<u64> {
    let clock = SystemClock::new();
    loop {
        let left = queue.left().await?;
        if left == 0 || clock.monotonic() > PATIENCE {
            return Ok(left);
        }
        clock.sleep(PAUSE).await;
    }
}
