//! What drives a batch through the stages, in one place: plan, claim, start, settle, answer.

mod deadline;
mod drive;
mod fails_when;
mod flight;
mod in_time;
#[cfg_attr(not(feature = "worker"), expect(dead_code, reason = "only a worker has many batches in hand"))]
mod isolation;
#[cfg(feature = "worker")]
mod keep;
#[cfg_attr(not(feature = "worker"), expect(dead_code, reason = "only a worker keeps batches"))]
mod kept;
mod last_word;
mod log;
mod measure;
mod plan;
mod report;
mod schedule;
mod slips;
mod task;

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tracing::Instrument;

use self::isolation::Isolation;
#[cfg(feature = "worker")]
pub(crate) use self::{
    drive::answered,
    isolation::InFlight,
    kept::{Hold, Kept, Order, Permits, Settled, Told, Verdict, What},
};
pub use self::{
    fails_when::FailsWhen,
    last_word::LastWord,
    report::{RecordReport, Report},
};
pub(crate) use self::{in_time::in_time, kept::Witness, slips::Slips};
use crate::{
    Consumer, Error,
    batch::{Batch, Checks, EventError, QueueArn},
    claim::{Breaker, Guard, Idempotency},
    consumer::Seams,
    error::Kind,
    handler::{Invocation, MessageService},
    layer::Panicked,
    metrics::MetricsSink,
    queue::{
        Queue, QueueError,
        known::{MOST_QUEUES, time_to_learn},
    },
    trace::spans,
};

/// A consumer made ready to run: what every host drives. Clones share the concurrency limit.
#[derive(Clone)]
pub struct Pipeline(Arc<Shared>);

/// What all batches of one consumer share.
struct Shared {
    /// A prototype, cloned for each message.
    service: Mutex<MessageService>,
    permits: Arc<Semaphore>,
    #[cfg_attr(not(feature = "worker"), expect(dead_code, reason = "only a worker asks how many permits there are"))]
    concurrency: usize,
    idempotency: Option<Arc<Idempotency>>,
    queue: Option<Arc<Queue>>,
    breaker: Mutex<Breaker>,
    isolation: Arc<Isolation>,
    checks: Checks,
    single_queue: bool,
    sinks: Vec<Arc<dyn MetricsSink>>,
    /// How often each kind of failure was named in the log.
    logged: Mutex<log::Limit>,
    /// No batch ended yet.
    is_cold: AtomicBool,
    seams: Seams,
}

impl Shared {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service for one message. Its layers are the user's: cloning them may panic.
    fn service(&self) -> Result<MessageService, Panicked> {
        let service = self.service.lock().unwrap_or_else(PoisonError::into_inner);
        catch_unwind(AssertUnwindSafe(|| service.clone())).map_err(Panicked::new)
    }

    /// Asks what the queues of a batch are set to, all at once: but for an invocation by hand it is one.
    async fn learn_all(&self, batch: &Batch, time_left: Option<Duration>) {
        if self.queue.is_some() {
            let arns = (0..batch.len()).filter_map(|index| batch.queue_arn(index));
            let queues: BTreeMap<_, _> = arns.map(|arn| (arn.as_str(), arn)).collect();
            join_all(queues.into_values().take(MOST_QUEUES).map(|arn| self.learn(arn, time_left))).await;
        }
    }

    /// Asks what a queue is set to, where that is to be known. Of a client that panics, or is late, nothing is known: the next batch
    /// asks again.
    async fn learn(&self, arn: QueueArn<'_>, time_left: Option<Duration>) {
        let Some(queue) = self.queue.as_ref().filter(|queue| queue.has_to_learn(arn)) else { return };
        let time = time_to_learn(time_left);
        if let Err(no_answer) = in_time(queue.learn(arn, time), time, &self.seams.clock).await {
            queue.known.refused("GetQueueAttributes", &QueueError::new(no_answer));
        }
    }
}

impl Pipeline {
    /// Makes a consumer ready for a deployment.
    ///
    /// # Errors
    ///
    /// If the consumer says nothing about idempotency: nobody should run unguarded by forgetting a line. If its key or its
    /// namespace can never work.
    pub fn new(consumer: Consumer) -> Result<Self, Error> {
        match &consumer.settings.guard {
            Guard::Unsaid => Err(Kind::NoIdempotency.into()),
            Guard::On(idempotency) if !idempotency.is_named() => Err(Kind::NoStore.into()),
            Guard::On(idempotency) => match idempotency.mistake() {
                Some(mistake) => Err(Kind::Settings(mistake).into()),
                None => Ok(Self::build(consumer)),
            },
            Guard::Off => Ok(Self::build(consumer)),
        }
    }

    /// Makes a consumer ready for `replay` or a test: if it says nothing about idempotency, claims are kept in memory.
    #[must_use]
    pub fn for_tests(consumer: Consumer) -> Self {
        Self::build(consumer)
    }

    fn build(consumer: Consumer) -> Self {
        let (service, settings) = consumer.into_parts();
        let idempotency = match settings.guard {
            Guard::On(idempotency) => Some(*idempotency),
            Guard::Off => None,
            Guard::Unsaid => Some(Idempotency::unnamed()),
        };
        let seams = &settings.seams;
        let idempotency = idempotency.map(|idempotency| Arc::new(idempotency.of_consumer(&seams.clock, &seams.random)));
        let permits = Arc::new(Semaphore::new(if settings.seams.slips.unbounded {
            Semaphore::MAX_PERMITS
        } else {
            settings.concurrency.get().min(Semaphore::MAX_PERMITS)
        }));
        let queue = settings.queue.map(Arc::new);
        let (checks, single_queue, sinks, seams) =
            (settings.checks, settings.single_queue, settings.sinks, settings.seams);
        Self(Arc::new(Shared {
            service: Mutex::new(service),
            permits,
            concurrency: settings.concurrency.get(),
            idempotency,
            queue,
            breaker: Mutex::default(),
            isolation: Arc::default(),
            checks,
            single_queue,
            sinks,
            logged: Mutex::default(),
            is_cold: AtomicBool::new(true),
            seams,
        }))
    }

    /// Runs one batch to its end: one outcome for each record, whatever happens to it.
    ///
    /// Ends before the invocation's deadline, with what did not finish reported as failed. If the returned future is
    /// dropped, the handlers that run are stopped.
    ///
    /// # Errors
    ///
    /// If the batch mixes several queues and [`Consumer::single_queue`] is on. No failure of a message is an error here.
    pub async fn run(&self, batch: Batch, invocation: Invocation) -> Result<Report, EventError> {
        if batch.has_several_queues() {
            if self.0.single_queue {
                return Err(EventError::several_queues());
            }
            tracing::warn!(records = batch.len(), "the event mixes records of several queues");
        }
        self.0.learn_all(&batch, invocation.time_left()).await;
        let span = spans::batch(&batch);
        Ok(self.0.drive(batch, invocation, None).instrument(span).await)
    }

    /// Runs one event, from its JSON to the report.
    ///
    /// # Errors
    ///
    /// If the event is not understood.
    pub async fn run_event(&self, event: impl Into<Box<str>>, invocation: Invocation) -> Result<Report, EventError> {
        self.run(Batch::from_json(event)?, invocation).await
    }

    /// An invocation with so much time left; `None` where no deadline is known.
    #[must_use]
    pub fn invocation(&self, time_left: Option<Duration>) -> Invocation {
        Invocation::new(Arc::clone(&self.0.seams.clock), time_left)
    }

    #[cfg(any(feature = "lambda", feature = "testkit"))]
    pub(crate) fn clock(&self) -> &crate::clock::SharedClock {
        &self.0.seams.clock
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("permits", &self.0.permits.available_permits())
            .field("idempotency", &self.0.idempotency)
            .finish_non_exhaustive()
    }
}
