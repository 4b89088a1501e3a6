//! One process: an execution environment of a function, with a consumer of its own.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;

use tower::{BoxError, Layer, Service};

use super::{
    account::Start,
    chance::Chance,
    executor::{Executor, ProcessId, ProcessSpawn},
    store::SharedStore,
    timeline::{ProcessClock, Timeline},
};
use crate::{
    Consumer, Idempotency,
    handler::{Delivery, Handled, MessageService},
    run::Pipeline,
};

/// What a process gives its consumer.
pub struct Process {
    pub(super) id: ProcessId,
    pub(super) queue: usize,
    pub(super) store: SharedStore,
    pub(super) clock: ProcessClock,
}

impl Process {
    /// Which process, counted from 0.
    #[must_use]
    pub fn id(&self) -> usize {
        self.id
    }

    /// Which of the simulation's queues it consumes, counted from 0.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.queue
    }

    /// Claims in the store that all processes share, behind a wire on which things go wrong.
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        Idempotency::new(self.store.of_process(&self.clock))
    }

    /// The process's clock: handlers that wait do so on it.
    #[must_use]
    pub fn clock(&self) -> impl crate::Clock + Clone + use<> {
        self.clock.clone()
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("id", &self.id).field("queue", &self.queue).finish_non_exhaustive()
    }
}

/// A process that runs.
pub(super) struct Running {
    pub(super) queue: usize,
    pub(super) pipeline: Pipeline,
    pub(super) lateness: Duration,
    /// Goes on with every answer: a run of another epoch is behind the answer of its invocation.
    pub(super) epoch: Arc<AtomicU64>,
    /// The invocation that it is at.
    pub(super) invocation: Option<u64>,
}

/// What a new process shares with the simulation.
pub(super) struct World<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) executor: &'a Executor,
    pub(super) chance: &'a Chance,
    pub(super) starts: &'a Starts,
}

impl Running {
    pub(super) fn start(process: &Process, consumer: Consumer, world: &World<'_>) -> Self {
        let epoch = Arc::new(AtomicU64::new(0));
        let watch = WatchLayer {
            epoch: Arc::clone(&epoch),
            process: process.id,
            starts: Arc::clone(world.starts),
            timeline: world.timeline.clone(),
            store: process.store.clone(),
        };
        let consumer = consumer
            .layer(watch)
            .clock(process.clock.clone())
            .random(world.chance.clone())
            .spawner(ProcessSpawn { executor: world.executor.clone(), process: process.id });
        let lateness = process.clock.lateness;
        Self { queue: process.queue, pipeline: Pipeline::for_tests(consumer), lateness, epoch, invocation: None }
    }
}

/// Every start of a handler.
pub(super) type Starts = Arc<Mutex<Vec<Start>>>;

/// Notes when a handler starts, and looks whether it may.
#[derive(Clone)]
struct WatchLayer {
    process: ProcessId,
    epoch: Arc<AtomicU64>,
    starts: Starts,
    timeline: Timeline,
    store: SharedStore,
}

#[derive(Clone)]
struct Watch {
    layer: WatchLayer,
    inner: MessageService,
}

impl Layer<MessageService> for WatchLayer {
    type Service = Watch;

    fn layer(&self, inner: MessageService) -> Watch {
        Watch { layer: self.clone(), inner }
    }
}

impl Service<Delivery> for Watch {
    type Response = Handled;
    type Error = BoxError;
    type Future = Watched;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        self.layer.note(&delivery);
        Watched {
            layer: self.layer.clone(),
            epoch: self.layer.epoch.load(Ordering::Relaxed),
            inner: self.inner.call(delivery),
        }
    }
}

/// A run of the handler, which must not go on behind its invocation's answer.
struct Watched {
    layer: WatchLayer,
    epoch: u64,
    inner: BoxFuture<'static, Result<Handled, BoxError>>,
}

impl Future for Watched {
    type Output = Result<Handled, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.layer.epoch.load(Ordering::Relaxed) != self.epoch {
            let what = format!("I22: a handler of process {} runs behind the answer", self.layer.process);
            self.layer.store.state().ledger.violation(what);
        }
        self.inner.as_mut().poll(cx)
    }
}

impl WatchLayer {
    fn note(&self, delivery: &Delivery) {
        let record = delivery.record();
        let start = Start {
            at: self.timeline.now(),
            process: self.process,
            message_id: record.message_id().to_owned(),
            receive_count: record.receive_count(),
        };
        // In the modes that claim nothing a run beside a commit is a waste, no wrong.
        if let Some(lease) = delivery.lease() {
            let mut state = self.store.state();
            if state.ledger.is_committed(lease.key()) {
                state.ledger.violation(format!("I2: a handler starts although its work is done: {start:?}"));
            }
        }
        self.starts.lock().unwrap_or_else(PoisonError::into_inner).push(start);
    }
}
