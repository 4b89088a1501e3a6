//! One process: an execution environment of a function, or a worker, with a consumer of its own.

use std::{
    collections::BTreeSet,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tower::{BoxError, Layer, Service};

use super::{
    account::Start,
    chance::Chance,
    client::{ProcessQueue, Receive},
    effect::Counted,
    executor::{Executor, ProcessId, ProcessSpawn},
    keys,
    ledger::OTHER_STORE,
    process_store::ProcessStore,
    store::SharedStore,
    timeline::{SimulationClock, Timeline},
    worker::WorkerHandle,
};
use crate::{
    Consumer, Idempotency,
    claim::{Lease, Owner},
    handler::{Delivery, Handled, MessageService},
    queue::QueueClient,
    run::{Pipeline, Slips},
    testkit::queue::{Queues, message_id},
};

/// What a process gives its consumer.
pub struct Process {
    pub(super) id: ProcessId,
    pub(super) queue: usize,
    pub(super) store: SharedStore,
    pub(super) queues: Queues,
    pub(super) clock: SimulationClock,
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
        Idempotency::new(ProcessStore::new(&self.store, &self.clock))
    }

    /// A client of the simulation's queues, behind the same wire: what it is told may be refused, or get lost.
    #[must_use]
    pub fn queue_client(&self) -> impl QueueClient + use<> {
        ProcessQueue::of(self)
    }

    /// What ends the process at once, as an abort, a stack overflow or running out of memory does: its batch gets no answer.
    pub fn end(&self) -> impl Fn() + Clone + Send + Sync + use<> {
        let (store, id) = (self.store.clone(), self.id);
        move || store.state().ended.push(id)
    }

    /// What says that a rule of the test's own is broken.
    pub fn violations(&self) -> impl Fn(String) + Clone + Send + Sync + use<> {
        let store = self.store.clone();
        move |what| store.state().ledger.violation(what)
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
    pub(super) role: Role,
    pub(super) lateness: Duration,
    pub(super) watched: Watched,
    /// What names the work of a function's messages; `None` where nothing is recorded.
    pub(super) guard: Option<Idempotency>,
    /// The invocations that it is at.
    pub(super) invocations: BTreeSet<u64>,
    /// Nothing of it goes on: it gets no invocation, either.
    pub(super) stands_still: bool,
}

/// Where a handler runs: in one invocation of a process, or in a worker, which has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) process: ProcessId,
    pub(super) invocation: Option<u64>,
}

/// What the rules know of places in a process. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    /// Invocations that are answered, and workers that ended: nothing runs there.
    over: BTreeSet<Place>,
    /// Those that stood still, a worker ever: they cannot be on time.
    paused: BTreeSet<Place>,
}

impl Watched {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ends(&self, place: Place) {
        self.places().over.insert(place);
    }

    pub(super) fn stands_still(&self, place: Place) {
        self.places().paused.insert(place);
    }

    fn ever_stood_still(&self) -> bool {
        !self.places().paused.is_empty()
    }

    fn is_over(&self, place: Place) -> bool {
        self.places().over.contains(&place)
    }

    fn is_paused(&self, place: Place) -> bool {
        self.places().paused.contains(&place)
    }
}

/// What a process is there for.
pub(super) enum Role {
    Function(Pipeline),
    Worker(WorkerHandle),
}

/// What a new process shares with the simulation.
pub(super) struct World<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) executor: &'a Executor,
    pub(super) chance: &'a Chance,
    pub(super) starts: &'a Starts,
    pub(super) slips: Slips,
    pub(super) clocks_agree: bool,
    pub(super) concurrency: Option<usize>,
    /// `None` for a worker, which has no deadline.
    pub(super) function_timeout: Option<Duration>,
}

impl Running {
    /// Whether nothing holds up what is there: its timers are punctual, and it did not stand still.
    pub(super) fn is_in_time(&self, place: Place) -> bool {
        self.lateness.is_zero() && !self.watched.is_paused(place)
    }

    pub(super) fn new(process: &Process, role: Role, watched: Watched) -> Self {
        let (queue, lateness) = (process.queue, process.clock.lateness);
        Self { queue, role, lateness, watched, guard: None, invocations: BTreeSet::new(), stands_still: false }
    }
}

impl World<'_> {
    /// The consumer as it runs in that process, and what is known of that.
    pub(super) fn equip(&self, process: &Process, consumer: Consumer) -> (Consumer, Watched) {
        let watched = Watched::default();
        let watch = WatchLayer {
            watched: watched.clone(),
            needs_a_claim: keys::claims(keys::guard_of(&consumer).as_ref()),
            is_punctual: process.clock.lateness.is_zero(),
            reserve: self.function_timeout.filter(|_| process.clock.lateness.is_zero()).map(reserve),
            queues: process.queues.clone(),
            clocks_agree: self.clocks_agree,
            concurrency: self.concurrency,
            process: process.id,
            starts: Arc::clone(self.starts),
            timeline: self.timeline.clone(),
            store: process.store.clone(),
        };
        let consumer = consumer
            .layer(watch)
            .clock(process.clock.clone())
            .random(self.chance.clone())
            .spawner(ProcessSpawn { executor: self.executor.clone(), process: process.id });
        let mut consumer = consumer;
        consumer.settings.seams.slips = self.slips;
        (consumer, watched)
    }
}

/// In which time before the deadline nothing starts: 5 % of what is left when the queue's settings are known, which may take a quarter of
/// the time.
fn reserve(function_timeout: Duration) -> Duration {
    let left = function_timeout * 3 / 4;
    Duration::from_secs(1).max(left / 20).min(left / 2)
}

/// Every start of a handler.
pub(super) type Starts = Arc<Mutex<Vec<Start>>>;

/// Notes when a handler starts, and looks whether it may.
#[derive(Clone)]
struct WatchLayer {
    process: ProcessId,
    watched: Watched,
    /// Whether every run has a claim of its own.
    needs_a_claim: bool,
    is_punctual: bool,
    /// `None` where a process has no deadline, or may notice it too late.
    reserve: Option<Duration>,
    queues: Queues,
    /// To within the protocol's skew: then, and only then, handlers of one key do not overlap.
    clocks_agree: bool,
    concurrency: Option<usize>,
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
    type Future = Run;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let place = self.layer.place(&delivery);
        let (run, owner) = (self.layer.note(&delivery, place), delivery.owner());
        Run {
            run,
            place,
            owner,
            message_id: delivery.record().message_id().into(),
            layer: self.layer.clone(),
            inner: self.inner.call(delivery),
        }
    }
}

/// A run of the handler, which must not go on behind its invocation's answer.
struct Run {
    layer: WatchLayer,
    run: u64,
    place: Place,
    message_id: Box<str>,
    owner: Option<Owner>,
    inner: BoxFuture<'static, Result<Handled, BoxError>>,
}

impl Future for Run {
    type Output = Result<Handled, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.layer.watched.is_over(self.place) {
            let what = format!("I22: a handler of process {} runs behind the answer", self.layer.process);
            self.layer.store.state().ledger.violation(what);
        }
        let ended = self.inner.as_mut().poll(cx);
        if let Poll::Ready(Ok(handled)) = &ended {
            self.layer.store.state().ledger.handles(&self.message_id);
            let wanted = handled.writes.as_ref().and_then(|writes| writes.downcast::<Counted>());
            let wants = wanted.is_some_and(|wanted| wanted.count() > 0);
            if let Some(owner) = self.owner {
                self.layer.store.state().ledger.succeeds(owner, self.place, wants);
            }
        }
        ended
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.layer.store.state().ledger.ends(self.run);
    }
}

impl WatchLayer {
    /// Whether nothing ever held up the process.
    fn is_in_time(&self) -> bool {
        self.is_punctual && !self.watched.ever_stood_still()
    }

    /// Invocations are called by their number.
    fn place(&self, delivery: &Delivery) -> Place {
        let invocation = delivery.invocation().request_id().and_then(|id| id.parse().ok());
        Place { process: self.process, invocation }
    }

    fn note(&self, delivery: &Delivery, place: Place) -> u64 {
        let record = delivery.record();
        let start = Start {
            at: self.timeline.now(),
            process: self.process,
            message_id: record.message_id().to_owned(),
            receive_count: record.receive_count(),
        };
        if let Some(key) = delivery.idempotency_key() {
            self.store.state().ledger.names(record.message_id(), key);
        }
        self.check_time(delivery, place);
        if let Some(receive) = Receive::of(record) {
            self.check_order(receive);
            let mut state = self.store.state();
            if state.deliveries.starts(receive, delivery.owner()) {
                state.news.push(format!("{receive} starts in process {}", self.process));
            }
        }
        // In the modes that claim nothing a run beside a commit, or beside another, is a waste and no wrong; and with clocks that
        // differ by more than the skew another may have taken over while the grant was on its way.
        let lease = delivery.lease();
        let mut state = self.store.state();
        if self.needs_a_claim && !lease.is_some_and(|lease| state.ledger.is_claimed(lease.owner())) {
            state
                .ledger
                .violation(format!("I21: a handler starts without a claim that was written: {start:?}; {OTHER_STORE}"));
        }
        let together = state.ledger.starts(lease.map(Lease::key), place);
        if self.clocks_agree && together.of_key > 1 {
            state.ledger.violation(format!("G4: two handlers run for one key: {start:?}"));
        }
        if self.clocks_agree && lease.is_some_and(|lease| state.ledger.is_committed(lease.key())) {
            state.ledger.violation(format!("I2: a handler starts although its work is done: {start:?}"));
        }
        // A process that notices a deadline late leaves handlers behind before they had a chance to stop, and others start in their place.
        let at_a_time = if self.is_in_time() { together.of_process } else { together.of_place };
        if self.concurrency.is_some_and(|limit| at_a_time > limit) {
            state.ledger.violation(format!("I24: {at_a_time} handlers run at a time: {start:?}"));
        }
        drop(state);
        self.starts.lock().unwrap_or_else(PoisonError::into_inner).push(start);
        together.run
    }

    /// Nothing starts so late that it cannot be stopped in time.
    fn check_time(&self, delivery: &Delivery, place: Place) {
        let ends = delivery.invocation().deadline().zip(self.reserve).filter(|_| !self.watched.is_paused(place));
        let now = self.timeline.now();
        if ends.is_some_and(|(deadline, reserve)| now + reserve >= deadline) {
            let id = delivery.record().message_id();
            self.store
                .state()
                .ledger
                .violation(format!("I23: {id} starts at {now:?}, in the reserve before the deadline"));
        }
    }

    /// Of a FIFO group nothing starts while an earlier message is neither done nor dead-lettered.
    fn check_order(&self, receive: Receive) {
        let mut queues = self.queues.all();
        let Some(queue) = queues.get_mut(receive.queue()) else { return };
        let open = queue.in_front_of(receive.number).into_iter().filter(|number| !queue.has_copy(*number));
        let ids: Vec<_> = open.map(|number| message_id(receive.queue(), number)).collect();
        drop(queues);
        let mut state = self.store.state();
        for id in ids {
            if state.ledger.is_done(&id) != Some(true) && !state.ledger.is_handled(&id) {
                state.ledger.violation(format!("I15: {receive} starts before {id} of its group"));
            }
        }
    }
}
