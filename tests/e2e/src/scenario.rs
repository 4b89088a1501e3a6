//! One function, from its deployment to the account of its messages.

use std::{collections::BTreeMap, time::Duration};

use sqs_runtime::{Clock as _, SystemClock};

use crate::{
    account::{Account, Effect, Facts, Sent},
    aws::{
        Lambda, Queue, Tables, logs,
        role::{self, Arns},
    },
    command_line::Args,
    counter::{self, Counter, Runs},
    functions::{Effects, Function, Witness},
    patience::Patience,
    plan::{Kind, Planned},
    poller,
    template::Numbers,
};

/// How long no message may leave the queue. A message that meets another's claim waits for as long as a function may run.
const PATIENCE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_millis(500);

/// Deploys the function, sends it so many messages, and settles their account.
pub(crate) async fn run(args: &Args, function: &Function, count: usize, numbers: &Numbers) -> anyhow::Result<Account> {
    let deployed = Deployed::new(args, function, numbers).await?;
    let planned = (function.messages)(args.seed, count);
    let is_redelivered = |planned: &Planned| planned.kind == Kind::Redelivered;
    let (redelivered, others): (Vec<_>, Vec<_>) = planned.into_iter().partition(is_redelivered);
    let mut sent = deployed.queue.send(redelivered).await?;
    poller::deliver_and_die(&deployed.queue, &deployed.lambda, function, sent.len()).await?;
    deployed.map(numbers).await?;
    sent.extend(deployed.queue.send(others).await?);
    let left = wait_until_empty(&deployed.queue).await?;
    deployed.account(sent, left).await
}

/// A function with all that is around it; not called by its queue yet.
pub(crate) struct Deployed<'a> {
    args: &'a Args,
    function: &'a Function,
    counter: Counter,
    tables: Tables,
    pub(crate) queue: Queue,
    lambda: Lambda,
}

impl<'a> Deployed<'a> {
    pub(crate) async fn new(args: &'a Args, function: &'a Function, numbers: &Numbers) -> anyhow::Result<Self> {
        let counter = Counter::start().await?;
        let tables = Tables::create(&args.endpoint, function.name, function.table().map(|table| table.key)).await?;
        let queue = Queue::create(&args.endpoint, function.name, function.is_fifo, numbers).await?;
        let lambda = Lambda::new(&args.endpoint)?;
        let table = tables.effects.as_deref().map(Tables::arn);
        role::create(&args.endpoint, function.name, &arns(function, &tables, &queue), table.as_deref()).await?;
        let package = args.packaged.join(function.package).join("bootstrap.zip");
        let settings = settings(args, function, &counter, &tables, &queue);
        lambda.deploy(function.name, &package, settings, numbers).await?;
        Ok(Self { args, function, counter, tables, queue, lambda })
    }

    /// Lets the queue call it.
    pub(crate) async fn map(&self, numbers: &Numbers) -> anyhow::Result<()> {
        self.lambda.map(self.function.name, &self.queue.arn, numbers).await
    }

    /// What became of the messages that were sent.
    pub(crate) async fn account(&self, sent: Vec<Sent>, left: u64) -> anyhow::Result<Account> {
        let effects = effects(self.function, &sent, &self.tables, &self.counter).await?;
        let runs = runs(self.args, self.function, &sent, &self.counter).await?;
        let letters = self.queue.dead_letters().await?;
        Ok(Account::of(&Facts { sent, effects, letters, runs, left }))
    }
}

/// What the function did, by work.
async fn effects(
    function: &Function,
    sent: &[Sent],
    tables: &Tables,
    counter: &Counter,
) -> anyhow::Result<BTreeMap<String, Effect>> {
    Ok(match &function.effects {
        Effects::Table(table) => (table.read)(sent, &tables.rows().await?),
        Effects::Posted => counter.taken(),
    })
}

/// How often its handler ran, by work.
async fn runs(
    args: &Args,
    function: &Function,
    sent: &[Sent],
    counter: &Counter,
) -> anyhow::Result<BTreeMap<String, Runs>> {
    Ok(match function.witness {
        Witness::Provider | Witness::Subscriber => counter.runs(),
        // What was never called has no log.
        Witness::Log(_) if sent.is_empty() => BTreeMap::new(),
        Witness::Log(says) => counter::log::runs(sent, logs::lines(&args.endpoint, function.name, says).await?),
    })
}

/// What the template's names stand for.
fn arns(function: &Function, tables: &Tables, queue: &Queue) -> Arns {
    [
        ("OrdersQueue", queue.arn.clone()),
        ("OrdersDeadLetterQueue", queue.dead_letter_arn.clone()),
        ("IdempotencyTable", Tables::arn(&tables.idempotency)),
        // The emulator writes to it by itself.
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
    let table = function.table().map(|table| table.setting).zip(tables.effects.clone());
    let settings = [
        ("IDEMPOTENCY_TABLE", tables.idempotency.clone()),
        ("PAYMENT_URL", counter.payments()),
        ("SUBSCRIBERS", counter.subscribers()),
        ("SQS_RUNTIME_DEAD_LETTER_QUEUE", queue.dead_letter_arn.clone()),
        // So that nobody waits for half a minute.
        ("SQS_RUNTIME_BACKOFF_SECONDS", "1".to_owned()),
        ("AWS_ENDPOINT_URL", args.endpoint.clone()),
    ];
    settings.into_iter().chain(table).collect()
}

/// How many messages are left when nobody waits any longer; 0 if all went well.
async fn wait_until_empty(queue: &Queue) -> anyhow::Result<u64> {
    let (clock, mut patience) = (SystemClock::new(), Patience::new(PATIENCE));
    loop {
        let left = queue.left().await?;
        if left == 0 || patience.ends(left, clock.monotonic()) {
            return Ok(left);
        }
        clock.sleep(PAUSE).await;
    }
}
