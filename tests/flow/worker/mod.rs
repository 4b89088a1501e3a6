//! The worker, over a queue in memory and in paused time.
#![allow(clippy::disallowed_methods, reason = "a worker under test is a task of the test's own runtime")]

mod basics;
mod health;
mod keeping;
mod late;
mod order;
mod protection;
mod receiving;
mod recorded;
mod stuck;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqs_runtime::{
    Consumer, Failure, Idempotency,
    extract::{Body, State},
    run::{Worker, WorkerConfig, WorkerHandle},
    testkit::{MemoryQueue, PausedClock, QueueSettings, SentMessage},
};
use tokio::task::JoinHandle;

/// A queue, a consumer of it and its clock.
struct Site {
    queue: Arc<MemoryQueue>,
    clock: PausedClock,
    ran: Ran,
}

/// What the handlers did.
#[derive(Clone, Default)]
struct Ran {
    started: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Ran {
    fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    fn finished(&self) -> usize {
        self.finished.load(Ordering::SeqCst)
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// Counts a handler out, also where it is dropped.
struct Running(Ran);

impl Running {
    fn new(ran: &Ran) -> Self {
        ran.started.fetch_add(1, Ordering::SeqCst);
        let now = ran.running.fetch_add(1, Ordering::SeqCst) + 1;
        ran.most.fetch_max(now, Ordering::SeqCst);
        Self(ran.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Takes as many seconds as its body says; `fail` fails.
async fn work(State((ran, clock)): State<(Ran, PausedClock)>, body: Body) -> Result<(), Failure> {
    let _running = Running::new(&ran);
    let seconds = body.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
    sqs_runtime::Clock::sleep(&clock, Duration::from_secs(seconds)).await;
    if body.contains("fail") {
        return Err(Failure::retry("told to fail"));
    }
    if body.contains("reject") {
        return Err(Failure::reject("told to reject"));
    }
    ran.finished.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

impl Site {
    fn new(settings: QueueSettings) -> Self {
        let clock = PausedClock::new();
        let queue = Arc::new(MemoryQueue::new(settings, clock.clone()));
        Self { queue, clock, ran: Ran::default() }
    }

    /// A queue with a visibility timeout of a minute.
    fn standard() -> Self {
        let mut settings = QueueSettings::new("orders");
        settings.visibility_timeout = Duration::from_secs(60);
        Self::new(settings)
    }

    fn send(&self, bodies: impl IntoIterator<Item = impl Into<String>>) {
        for body in bodies {
            self.queue.enqueue(SentMessage::new(body));
        }
    }

    fn consumer(&self) -> Consumer {
        Consumer::new(work).state((self.ran.clone(), self.clock.clone())).clock(self.clock.clone())
    }

    fn worker(&self, consumer: Consumer, config: WorkerConfig) -> Worker {
        Worker::new(consumer, Arc::clone(&self.queue), config.queue(self.queue.arn())).unwrap()
    }

    /// Runs until the queue is empty.
    async fn drain(&self, consumer: Consumer) -> WorkerHandle {
        let worker = self.worker(consumer, WorkerConfig::new().until_empty());
        let handle = worker.handle();
        worker.run().await.unwrap();
        handle
    }

    fn start(&self, consumer: Consumer, config: WorkerConfig) -> (WorkerHandle, JoinHandle<()>) {
        let worker = self.worker(consumer, config);
        let handle = worker.handle();
        (handle, tokio::spawn(async move { worker.run().await.unwrap() }))
    }

    /// Lets time pass, which is virtual.
    async fn pass(&self, time: Duration) {
        sqs_runtime::Clock::sleep(&self.clock, time).await;
    }
}

/// Claims in memory.
fn once() -> Idempotency {
    Idempotency::memory()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
