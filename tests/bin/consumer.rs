//! A consumer with one handler that does what its message says: the process that the tests of the Lambda host drive.
//!
//! What belongs to the process stands in its environment:
//! - `CONSUMER_IDEMPOTENCY=unsaid` says nothing about idempotency, which else is kept in memory; with `cold` its store answers no claim
//!   before it was made ready, and with `unready` that comes to an error; with `none` every delivery runs,
//! - `CONSUMER_CONCURRENCY` is how many messages may run at a time,
//! - `CONSUMER_FAILS=shared` fails the invocation for failures that messages share,
//! - `CONSUMER_QUEUE=unsaid` says nothing about the queue, which else is told nothing; `acknowledges` deletes what is done itself, and `says`
//!   writes what it deletes to the output,
//! - `CONSUMER_RUNTIME=own` builds the Lambda runtime itself, with a layer around whole invocations,
//! - `CONSUMER_WORKERS` is how many worker threads tokio gets.

#[path = "../shared/as_queue.rs"]
mod as_queue;
#[path = "../shared/as_store.rs"]
mod as_store;

use std::{
    convert::Infallible,
    error::Error,
    future::ready,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use lambda_runtime::LambdaInvocation;
use serde::Deserialize;
use sqs_runtime::{
    Clock as _, Consumer, Failure, Idempotency, SystemClock,
    batch::{QueueArn, Record},
    claim::{ClaimAnswer, ClaimRequest, IdempotencyStore, MemoryStore, StoreError},
    extract::Json,
    queue::{EntryAnswer, Queue, QueueClient},
    run::{Hosts, LambdaConfig, LambdaService, Report},
    testkit::RecordingQueue,
};
use tokio::sync::Barrier;
use tower::util::MapRequestLayer;

use self::{as_queue::as_its_queue, as_store::as_its_store};

type AnyError = Box<dyn Error + Send + Sync>;

/// What a message says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    Succeed,
    Fail,
    /// Fail as others will.
    Share,
    Reject,
    Panic,
    /// Never complete, but yield.
    Hang,
    /// Never complete and never yield: the thread is lost.
    Block,
    /// Wait for a timer, then block: the thread that woke the handler is the one that drives timers and sockets.
    WaitThenBlock,
    /// Complete once another message is here at the same time.
    Meet,
    /// End the process by an abort.
    Abort,
    /// By more calls than the stack has room for.
    Overflow,
    /// By memory that there is not.
    RunOut,
}

#[expect(clippy::panic, reason = "one order is to panic")]
async fn obey(Json(order): Json<Order>) -> Result<(), Failure> {
    match order {
        Order::Succeed => Ok(()),
        Order::Fail => Err(Failure::retry("told to fail")),
        Order::Share => Err(Failure::retry("told to share it").shared()),
        Order::Reject => Err(Failure::reject("told to reject")),
        Order::Panic => panic!("told to panic"),
        Order::Hang => match std::future::pending::<Infallible>().await {},
        Order::Block => block(),
        Order::WaitThenBlock => {
            SystemClock::new().sleep(Duration::from_millis(100)).await;
            block()
        }
        Order::Abort => std::process::abort(),
        Order::Overflow => match deeper(u64::MAX) {
            0 => Ok(()),
            _ => Err(Failure::retry("the stack has no end")),
        },
        Order::RunOut => {
            let most = usize::try_from(isize::MAX).unwrap_or(usize::MAX);
            std::hint::black_box(Vec::<u8>::with_capacity(most));
            Ok(())
        }
        Order::Meet => {
            MEETING.wait().await;
            Ok(())
        }
    }
}

/// A store that has something to do before its first claim.
struct Starting {
    store: MemoryStore,
    start: Start,
    is_ready: AtomicBool,
}

#[derive(PartialEq)]
enum Start {
    /// No claim is answered before it.
    Needed,
    Fails,
}

impl Starting {
    fn new(start: Start) -> Self {
        Self { store: MemoryStore::new(SystemClock::new()), start, is_ready: AtomicBool::default() }
    }
}

impl IdempotencyStore for Starting {
    as_its_store!(complete, release, fail, renew, mark, read, forget);

    fn warm(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.is_ready.store(true, Ordering::Release);
        let fails = self.start == Start::Fails;
        Box::pin(ready(if fails { Err(StoreError::new("there is no such table")) } else { Ok(()) }))
    }

    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        if self.is_ready.load(Ordering::Acquire) {
            return self.store.claim(all, time);
        }
        let refused = || ClaimAnswer::Unavailable(StoreError::new("not started"));
        Box::pin(ready(all.iter().map(|_| refused()).collect()))
    }
}

/// Where two messages wait for each other.
static MEETING: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(2));

/// Takes a frame of the stack for each.
fn deeper(calls: u64) -> u64 {
    let frame = std::hint::black_box([calls; 64]);
    let below = if frame[0] == 0 { 0 } else { deeper(calls - 1) };
    std::hint::black_box(frame).iter().fold(below, |sum, call| sum.wrapping_add(*call))
}

/// A queue that writes down at once which messages it was told to delete: that outlives the process.
struct Saying {
    queue: RecordingQueue,
}

impl QueueClient for Saying {
    as_its_queue!(attributes, change_visibility, send);

    #[expect(clippy::print_stdout, reason = "the test reads it")]
    fn delete<'a>(
        &'a self,
        queue: QueueArn<'a>,
        records: &'a [Record],
        time: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        records.iter().for_each(|record| println!("deleted {}", record.message_id()));
        self.queue.delete(queue, records, time)
    }
}

fn block() -> ! {
    loop {
        std::thread::park();
    }
}

fn main() -> Result<(), AnyError> {
    let consumer = consumer()?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = setting("CONSUMER_WORKERS") {
        runtime.worker_threads(workers.parse()?);
    }
    let runtime = runtime.enable_all().build()?;
    match setting("CONSUMER_RUNTIME").as_deref() {
        None => Ok(runtime.block_on(sqs_runtime::run_with(consumer, hosts()?))?),
        Some("own") => runtime.block_on(run_in_own_runtime(consumer)),
        Some(other) => Err(format!("CONSUMER_RUNTIME is {other:?}, not `own`").into()),
    }
}

fn hosts() -> Result<Hosts, AnyError> {
    match setting("CONSUMER_FAILS").as_deref() {
        None => Ok(Hosts::new()),
        Some("shared") => Ok(Hosts::new().lambda(LambdaConfig::new().fail_invocation_when(Report::has_shared_failure))),
        Some(other) => Err(format!("CONSUMER_FAILS is {other:?}, not `shared`").into()),
    }
}

/// What a program does that wants layers around whole invocations.
async fn run_in_own_runtime(consumer: Consumer) -> Result<(), AnyError> {
    let runtime = lambda_runtime::Runtime::new(LambdaService::new(consumer)?);
    runtime.layer(MapRequestLayer::new(announce)).run_concurrent().await
}

#[expect(clippy::print_stderr, reason = "the test looks for it")]
fn announce(invocation: LambdaInvocation) -> LambdaInvocation {
    eprintln!("layer: {}", invocation.context.request_id);
    invocation
}

fn consumer() -> Result<Consumer, AnyError> {
    let mut consumer = Consumer::new(obey);
    if let Some(limit) = setting("CONSUMER_CONCURRENCY") {
        consumer = consumer.concurrency(limit.parse()?);
    }
    consumer = match setting("CONSUMER_QUEUE").as_deref() {
        None => consumer.without_queue(),
        Some("unsaid") => consumer,
        Some("acknowledges") => consumer.queue(Queue::new(RecordingQueue::new()).acknowledge_explicitly()),
        Some("says") => consumer.queue(Queue::new(Saying { queue: RecordingQueue::new() })),
        Some(other) => {
            return Err(format!("CONSUMER_QUEUE is {other:?}, not `unsaid`, `acknowledges` or `says`").into());
        }
    };
    match setting("CONSUMER_IDEMPOTENCY").as_deref() {
        None => Ok(consumer.idempotency(Idempotency::memory())),
        Some("unsaid") => Ok(consumer),
        Some("cold") => Ok(consumer.idempotency(Idempotency::new(Starting::new(Start::Needed)))),
        Some("unready") => Ok(consumer.idempotency(Idempotency::new(Starting::new(Start::Fails)))),
        Some("none") => Ok(consumer.without_idempotency()),
        Some(other) => {
            Err(format!("CONSUMER_IDEMPOTENCY is {other:?}, not `unsaid`, `cold`, `unready` or `none`").into())
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test that starts this process says here what it is to be")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
