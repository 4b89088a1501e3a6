//! A worker that runs for long: its memory stays flat, no task is left, and no more messages are in its hands than its limits say.
//!
//! ```text
//! soak [--messages N]
//! ```
//!
//! The queue is a double that makes its messages as they are asked for; one of a hundred is delivered twice, one of a hundred fails.
//! Ends with `messages=N done=.. warm_bytes=.. peak_bytes=.. most_in_hand=.. tasks_left=0` and 0; with 1 where a bound is broken.

use std::{
    alloc::System,
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use cap::Cap;
use futures_util::future::{BoxFuture, ready};
use lexopt::prelude::*;
use sqs_runtime::{
    Consumer, Failure,
    batch::{QueueArn, Record},
    extract::Body,
    queue::{
        DeadLetter, EntryAnswer, OpenQueue, QueueAttributes, QueueClient, QueueError, QueueName, QueueSource,
        ReceiveRequest, ReceivedMessage, VisibilityChange,
    },
    run::{Worker, WorkerConfig, WorkerHandle},
};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const ARN: &str = "arn:aws:sqs:eu-west-1:123456789012:soak";
const CONCURRENCY: usize = 100;

/// Received and not told of: what runs or waits to, what waits for its deletion (1,000, as the worker bounds it), and what the receives
/// that were under way at that bound brought.
const MOST_IN_HAND: usize = 1_000 + 3 * CONCURRENCY;

/// After so many messages everything has been there once.
const WARM_UP: u64 = 200_000;

/// How much more may be held later: which messages meet differs from moment to moment, by some 30 % at most in a dozen runs. A single byte that
/// is kept of each message would be more than twice as much.
const SLACK: f64 = 1.6;

/// A queue that never ends.
#[derive(Default)]
struct Endless {
    state: Mutex<State>,
    messages: u64,
}

#[derive(Default)]
struct State {
    next: u64,
    receipts: u64,
    again: Vec<u64>,
    in_hand: BTreeSet<u64>,
    most_in_hand: usize,
}

impl Endless {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand_out(&self, most: usize) -> Vec<ReceivedMessage> {
        let mut state = self.state();
        let mut messages = Vec::with_capacity(most);
        while messages.len() < most {
            let id = match state.again.pop() {
                Some(id) => id,
                None if state.next < self.messages => {
                    state.next += 1;
                    if state.next.is_multiple_of(100) {
                        let next = state.next;
                        state.again.push(next);
                    }
                    state.next
                }
                None => break,
            };
            state.receipts += 1;
            let receipt = state.receipts;
            state.in_hand.insert(receipt);
            messages.push(message(id, receipt));
        }
        state.most_in_hand = state.most_in_hand.max(state.in_hand.len());
        messages
    }

    /// Takes them back from whoever has them.
    fn told<'a>(&self, records: impl Iterator<Item = &'a Record>) -> Vec<EntryAnswer> {
        let mut state = self.state();
        let receipts = records.map(|record| record.receipt_handle().and_then(|handle| handle.parse().ok()));
        let tell = |receipt: Option<u64>| {
            let is_known = receipt.is_some_and(|receipt| state.in_hand.remove(&receipt));
            if is_known { Ok(()) } else { Err(QueueError::lost("no such receipt")) }
        };
        receipts.map(tell).collect()
    }
}

fn message(id: u64, receipt: u64) -> ReceivedMessage {
    // Every hundredth fails, but not those that are delivered twice.
    let what = if id % 100 == 50 { "fail" } else { "do" };
    let body = format!("{{\"order\":{id},\"what\":\"{what}\",\"note\":\"{}\"}}", "x".repeat(300));
    let mut message = ReceivedMessage::new(format!("m-{id}"), receipt.to_string(), body);
    message.attributes = vec![("ApproximateReceiveCount".into(), "1".into())];
    message
}

type Time = Option<Duration>;

impl QueueClient for Endless {
    fn attributes<'a>(&'a self, _: QueueArn<'a>, _: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        Box::pin(ready(Ok(QueueAttributes::default())))
    }

    fn change_visibility<'a>(
        &'a self,
        _: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        _: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(ready(self.told(changes.iter().map(|change| &change.record))))
    }

    fn send<'a>(&'a self, _: QueueName<'a>, letters: &'a [DeadLetter], _: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(ready(letters.iter().map(|_| Ok(())).collect()))
    }

    fn delete<'a>(&'a self, _: QueueArn<'a>, records: &'a [Record], _: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(ready(self.told(records.iter())))
    }
}

impl QueueSource for Endless {
    fn open<'a>(&'a self, _: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        Box::pin(ready(Ok(OpenQueue::new(ARN, QueueAttributes::default()))))
    }

    fn receive<'a>(
        &'a self,
        _: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        let messages = self.hand_out(request.most);
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(messages)
        })
    }
}

/// What was seen on the way.
#[derive(Default)]
struct Seen {
    runs: AtomicU64,
    /// The most bytes that lived at one time, up to the end of the warm-up and after it.
    warm: AtomicU64,
    peak: AtomicU64,
}

impl Seen {
    fn look(&self, warm_up: u64) {
        let runs = self.runs.fetch_add(1, Ordering::Relaxed);
        if runs.is_multiple_of(100) {
            let peak = if runs < warm_up { &self.warm } else { &self.peak };
            peak.fetch_max(ALLOCATOR.allocated() as u64, Ordering::Relaxed);
        }
    }
}

fn main() -> anyhow::Result<()> {
    let mut messages = 1_000_000;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("messages") => messages = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    ensure!(messages >= 2 * WARM_UP, "--messages takes at least {}", 2 * WARM_UP);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (queue, seen) = (Arc::new(Endless { messages, ..Endless::default() }), Arc::<Seen>::default());
    let handle = runtime.block_on(work(Arc::clone(&queue), Arc::clone(&seen)))?;
    let tasks_left = runtime.metrics().num_alive_tasks();
    report(messages, &queue, &seen, &handle, tasks_left)
}

async fn work(queue: Arc<Endless>, seen: Arc<Seen>) -> anyhow::Result<WorkerHandle> {
    let handler = move |body: Body| {
        seen.look(WARM_UP);
        async move { if body.contains("fail") { Err(Failure::retry("told to fail")) } else { Ok(()) } }
    };
    // What a store keeps is the store's: here it is the worker's own memory that counts.
    let consumer = Consumer::new(handler).without_idempotency().concurrency(CONCURRENCY);
    let worker = Worker::new(consumer, queue, WorkerConfig::new().queue(ARN).until_empty())?;
    let handle = worker.handle();
    worker.run().await?;
    Ok(handle)
}

fn report(messages: u64, queue: &Endless, seen: &Seen, worker: &WorkerHandle, tasks_left: usize) -> anyhow::Result<()> {
    let (stats, most_in_hand) = (worker.stats(), queue.state().most_in_hand);
    let (warm, peak) = (seen.warm.load(Ordering::Relaxed), seen.peak.load(Ordering::Relaxed));
    println(&format!(
        "messages={messages} done={} failed={} warm_bytes={warm} peak_bytes={peak} most_in_hand={most_in_hand} tasks_left={tasks_left}",
        stats.done, stats.failed
    ))?;
    ensure!(stats.done + stats.failed == messages + messages / 100, "not every delivery has its outcome: {stats:?}");
    ensure!(stats.failed == messages / 100, "one of a hundred fails, and none of those that come twice: {stats:?}");
    ensure!(queue.state().in_hand.is_empty(), "{} receipts were never told of", queue.state().in_hand.len());
    ensure!(peak as f64 <= warm as f64 * SLACK, "memory grows: {warm} bytes after the warm-up, {peak} later");
    ensure!(most_in_hand <= MOST_IN_HAND, "{most_in_hand} messages in hand, {MOST_IN_HAND} are allowed");
    ensure!(tasks_left == 0, "{tasks_left} tasks are left");
    Ok(())
}

fn println(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout().lock(), "{line}").context("standard output")
}
