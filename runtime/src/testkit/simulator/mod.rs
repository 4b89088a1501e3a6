//! Queues, their event source mappings and a function's processes, and workers, in virtual time, from one seed.
//!
//! A simulation sends messages to queues, lets mappings invoke a real [`Consumer`] with them, many invocations at a time, and lets
//! real [workers](crate::run::Worker) receive them (with the feature `worker`), while processes crash, requests to the store get lost, late or doubled, batches come twice, deletes fail and clocks are
//! off. It judges every answer as the event source mapping does, and checks that what is promised holds. Nothing waits for
//! real time, and the same seed gives the same trace.
//!
//! ```
//! use sqs_runtime::{Consumer, testkit::simulator::{Faults, QueueSettings, SentMessage, Simulation}};
//!
//! let consumer = |process: &sqs_runtime::testkit::simulator::Process| {
//!     Consumer::new(|| async {}).idempotency(process.idempotency())
//! };
//! let mut simulation = Simulation::new(7, consumer).faults(Faults::all());
//! let orders = simulation.queue(QueueSettings::new("orders"));
//! for n in 0..20 {
//!     simulation.send(orders, SentMessage::new(format!("order {n}")));
//! }
//! let account = simulation.run();
//! account.assert_clean();
//! assert_eq!(account.sent, account.done + account.dead_lettered);
//! ```
//!
//! Handlers run outside of any runtime: what they wait for is the process's clock ([`Process::clock`]), other handlers, or
//! doubles of their own.

mod account;
mod answer;
mod causes;
mod chance;
mod circumstances;
mod client;
mod effect;
mod executor;
mod faults;
mod heard;
mod host;
mod invocation;
mod keys;
mod ledger;
mod mapping;
mod own_store;
mod pause;
mod plant;
mod poll;
mod process;
mod process_store;
mod rows;
mod server;
mod settle;
mod store;
mod timeline;
mod together;
mod worker;

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "worker")]
use self::worker::{WorkerConfig, WorkerQueue};
pub use self::{
    account::{Account, Start},
    circumstances::Circumstances,
    effect::Effect,
    faults::{FaultCounts, Faults},
    mapping::MappingSettings,
    plant::Plant,
    process::Process,
    timeline::SimulationClock,
};
use self::{
    causes::Causes,
    chance::Chance,
    executor::{Executor, ProcessId},
    invocation::{Answers, Invocation},
    own_store::OwnStore,
    poll::Gathering,
    process::{Running, Starts},
    store::SharedStore,
    timeline::Timeline,
    worker::Workers,
};
pub use crate::testkit::queue::{QueueSettings, SentMessage};
use crate::{
    Consumer,
    claim::IdempotencyStore,
    layer::Panicked,
    run::{FailsWhen, Report},
    testkit::queue::{Queue, Queues},
};

const AN_HOUR: Duration = Duration::from_secs(3_600);

/// More than any simulation takes that comes to an end.
const MOST_STEPS: u64 = 100_000_000;

/// Makes the consumer of a new process.
type MakeConsumer = Box<dyn Fn(&Process) -> Consumer>;

/// A simulation that is set up, and then runs.
pub struct Simulation {
    seed: u64,
    make: MakeConsumer,
    faults: Faults,
    mapping: MappingSettings,
    plant: Option<Plant>,
    concurrency: Option<usize>,
    fifo_messages_start: bool,
    may_lose_messages: bool,
    fails_when: Option<FailsWhen>,
    workers: Option<Workers>,
    writes_together: bool,
    timeline: Timeline,
    own_store: Option<OwnStore>,
    queues: Vec<Queue>,
    /// Messages that are sent later.
    sends: Vec<(Duration, usize, SentMessage)>,
}

impl Simulation {
    /// A simulation from that seed, in which this makes the consumer of each process.
    pub fn new(seed: u64, consumer: impl Fn(&Process) -> Consumer + 'static) -> Self {
        Self {
            seed,
            make: Box::new(consumer),
            faults: Faults::none(),
            mapping: MappingSettings::default(),
            plant: None,
            concurrency: None,
            fifo_messages_start: false,
            may_lose_messages: false,
            fails_when: None,
            workers: None,
            writes_together: false,
            timeline: Timeline::default(),
            own_store: None,
            queues: Vec::new(),
            sends: Vec::new(),
        }
    }

    /// What goes wrong. Default nothing.
    #[must_use]
    pub fn faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// How the mappings and the functions are set.
    #[must_use]
    pub fn mapping(self, mapping: MappingSettings) -> Self {
        Self { mapping, ..self }
    }

    /// Has so many workers for each queue, with these settings: beside the mappings, or instead of them where
    /// [`maximum_concurrency`](MappingSettings::maximum_concurrency) is 0. One that is told to stop is killed after 30 s, as containers are.
    #[cfg(feature = "worker")]
    #[must_use]
    pub fn workers(self, processes: usize, config: impl Fn(WorkerQueue) -> WorkerConfig + 'static) -> Self {
        let config = move |own: usize, mut queues: Vec<WorkerQueue>| config(queues.swap_remove(own));
        Self { workers: Some(Workers { processes, are_shared: false, config: Box::new(config) }), ..self }
    }

    /// Has so many workers that receive from all queues, with these settings; else as [`workers`](Self::workers).
    #[cfg(feature = "worker")]
    #[must_use]
    pub fn shared_workers(self, processes: usize, config: impl Fn(Vec<WorkerQueue>) -> WorkerConfig + 'static) -> Self {
        let config = move |_: usize, queues| config(queues);
        Self { workers: Some(Workers { processes, are_shared: true, config: Box::new(config) }), ..self }
    }

    /// Checks that never more handlers than that run at a time in one process: the limit that the consumers have.
    #[must_use]
    pub fn concurrency(self, limit: usize) -> Self {
        Self { concurrency: Some(limit), ..self }
    }

    /// Fails invocations where this says so, as Lambda's setting of the same name.
    #[must_use]
    pub fn fail_invocation_when(self, condition: impl Fn(&Report) -> bool + Send + Sync + 'static) -> Self {
        Self { fails_when: Some(FailsWhen::new(condition)), ..self }
    }

    /// Checks that the redrive policy moves no FIFO message whose handler never started. It holds for consumers that send dead letters
    /// themselves, where nothing but messages in front spends a message's receives: no crash, no throttle, no handler that takes the
    /// whole time.
    #[must_use]
    pub fn fifo_messages_start(self) -> Self {
        Self { fifo_messages_start: true, ..self }
    }

    /// Messages may be lost: the mapping has no `ReportBatchItemFailures`, and nothing stands in for it. Else each one breaks a rule.
    #[must_use]
    pub fn may_lose_messages(self) -> Self {
        Self { may_lose_messages: true, ..self }
    }

    /// The store writes what is pending at the same moment in few messages, as
    /// [`DynamoDbStore::write_together`](https://docs.rs/sqs-runtime/latest/sqs_runtime/claim/dynamodb/struct.DynamoDbStore.html) does.
    /// Default each by itself.
    #[must_use]
    pub fn writes_together(self, on: bool) -> Self {
        Self { writes_together: on, ..self }
    }

    /// Has the rows in a store of one's own, which all processes share, and which is told the time by the simulation's clock. The same wire
    /// stands in front of it. What it does to its rows nobody sees; what it answers is judged: one commit for each key, no grant of what is
    /// done, fences that grow, and that only who holds a row settles it. It answers at once, is asked for one element at a time, and
    /// commits no [`Effect`].
    #[must_use]
    pub fn store<S: IdempotencyStore>(self, make: impl FnOnce(SimulationClock) -> S) -> Self {
        let clock = SimulationClock { timeline: self.timeline.clone(), ahead_ms: 0, lateness: Duration::ZERO };
        Self { own_store: Some(OwnStore(Arc::new(make(clock)))), ..self }
    }

    /// Plants a bug: to see that the rules catch it.
    #[must_use]
    pub fn plant(self, plant: Plant) -> Self {
        Self { plant: Some(plant), ..self }
    }

    /// Adds a queue; gives its place.
    pub fn queue(&mut self, settings: QueueSettings) -> usize {
        self.queues.push(Queue::new(settings));
        self.queues.len() - 1
    }

    /// Sends a message at the start.
    ///
    /// # Panics
    ///
    /// If there is no such queue.
    pub fn send(&mut self, queue: usize, message: SentMessage) {
        self.send_at(Duration::ZERO, queue, message);
    }

    /// Sends a message at that time.
    ///
    /// # Panics
    ///
    /// If there is no such queue.
    pub fn send_at(&mut self, at: Duration, queue: usize, message: SentMessage) {
        assert!(queue < self.queues.len(), "queue {queue} was not added: there are {}", self.queues.len());
        self.sends.push((at, queue, message));
    }

    /// Runs until every message came to its end, at the latest that of its retention.
    ///
    /// # Panics
    ///
    /// If a FIFO queue was sent a message without a group, or a store of one's own panics: with the seed that plays it again.
    #[must_use]
    #[expect(clippy::panic, reason = "the same panic, with the seed")]
    pub fn run(self) -> Account {
        let seed = self.seed;
        let run = || {
            let mut world = World::new(self);
            world.run();
            world.into_account()
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| panic!("seed {seed}: {}", Panicked::new(panic)))
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).field("faults", &self.faults).finish_non_exhaustive()
    }
}

/// What happens at a time.
enum Event {
    Send(usize, SentMessage),
    Poll(usize),
    /// A batch's window is over.
    Window(usize),
    TimeOut(u64),
    /// A process stands still in that invocation.
    Pause(u64, ProcessId),
    GoOn(u64, ProcessId),
    /// A worker for that queue begins.
    StartWorker(usize),
    /// Something may happen to a worker.
    Strike(ProcessId),
    /// A worker that stood still goes on.
    Thaw(ProcessId),
    /// A worker that was told to stop had its time.
    Kill(ProcessId),
    /// The program of a worker that ended does too.
    Gone(ProcessId),
}

/// A simulation that runs.
struct World {
    setup: Simulation,
    timeline: Timeline,
    executor: Executor,
    chance: Chance,
    store: SharedStore,
    queues: Queues,
    /// By time, then by the order in which they were planned.
    events: BTreeMap<(Duration, u64), Event>,
    next_event: u64,
    processes: BTreeMap<ProcessId, Running>,
    next_process: ProcessId,
    invocations: BTreeMap<u64, Invocation>,
    next_invocation: u64,
    answers: Answers,
    starts: Starts,
    /// By queue: the batch that is being filled.
    gathering: BTreeMap<usize, Gathering>,
    /// By queue: batches that come a second time.
    doubled: BTreeMap<usize, Vec<Vec<u64>>>,
    /// By queue: how many invocations fewer its mapping has, because some failed.
    slowed: BTreeMap<usize, usize>,
    /// The most invocations that one mapping had at a time.
    most_at_once: usize,
    /// The same of one process.
    most_in_a_process: usize,
    causes: Causes,
    /// When the last message has been kept too long, and whoever waits for it has had time to see that.
    end: Duration,
    steps: u64,
    outcomes: BTreeMap<&'static str, u64>,
    /// Deliveries of invocations that came to no report.
    burnt: u64,
    /// Messages that were done and stayed, because their deletion was lost.
    undeleted: std::collections::BTreeSet<String>,
    /// Since when the queues of shared workers are empty.
    empty_since: Option<Duration>,
    trace: Vec<String>,
}

impl World {
    fn new(mut simulation: Simulation) -> Self {
        let (queues, sends) = (std::mem::take(&mut simulation.queues), std::mem::take(&mut simulation.sends));
        let (timeline, executor) = (simulation.timeline.clone(), Executor::default());
        let chance = Chance::new(simulation.seed);
        let store = SharedStore::new(
            &timeline,
            &executor,
            &chance,
            &simulation.faults,
            simulation.plant,
            simulation.writes_together,
            simulation.own_store.clone(),
        );
        let mut world = Self {
            setup: simulation,
            timeline,
            executor,
            chance,
            store,
            queues: Queues::new(queues),
            events: BTreeMap::new(),
            next_event: 0,
            processes: BTreeMap::new(),
            next_process: 0,
            invocations: BTreeMap::new(),
            next_invocation: 0,
            answers: Answers::default(),
            starts: Arc::default(),
            gathering: BTreeMap::new(),
            doubled: BTreeMap::new(),
            slowed: BTreeMap::new(),
            most_at_once: 0,
            most_in_a_process: 0,
            causes: Causes::default(),
            end: Duration::ZERO,
            steps: 0,
            outcomes: BTreeMap::new(),
            burnt: 0,
            undeleted: std::collections::BTreeSet::new(),
            empty_since: None,
            trace: Vec::new(),
        };
        for (at, queue, message) in sends {
            world.plan(at, Event::Send(queue, message));
        }
        world.check_settings();
        world.plan_workers();
        world
    }

    fn plan(&mut self, at: Duration, event: Event) {
        self.events.insert((at, self.next_event), event);
        self.next_event += 1;
    }

    fn tell(&mut self, line: impl fmt::Display) {
        self.trace.push(format!("{:?} {line}", self.timeline.now()));
    }

    fn take_news(&mut self) {
        let news = std::mem::take(&mut self.store.state().news);
        news.into_iter().for_each(|line| self.tell(line));
    }

    fn violation(&self, what: String) {
        self.store.state().ledger.violation(what);
    }

    fn faults_are_on(&self) -> bool {
        self.timeline.now() < self.setup.faults.until
    }

    /// Runs tasks until all wait, then what is due, then lets time pass.
    fn run(&mut self) {
        loop {
            while let Some(process) = self.executor.step(&self.chance) {
                self.steps += 1;
                if self.steps > MOST_STEPS {
                    return self.violation(format!("{MOST_STEPS} steps, and no end of it"));
                }
                self.end_what_ended();
                self.take_answers();
                self.take_returned();
                self.take_news();
                if process != store::NOBODY {
                    self.maybe_crash(process);
                }
            }
            for queue in self.queues.take_touched() {
                self.poll_again(queue);
            }
            if self.happen() {
                continue;
            }
            if self.is_over() {
                break;
            }
            let next_event = self.events.keys().next().map(|(at, _)| *at);
            let Some(next) = [next_event, self.timeline.next_timer()].into_iter().flatten().min() else { break };
            if next > self.end {
                break;
            }
            self.timeline.advance_to(next);
        }
    }

    /// Lets one event happen that is due. `false` where none is.
    fn happen(&mut self) -> bool {
        let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= self.timeline.now()) else {
            return false;
        };
        match entry.remove() {
            Event::Send(queue, message) => self.send(queue, message),
            Event::Poll(queue) => self.poll(queue),
            Event::Window(queue) => self.close_window(queue),
            Event::TimeOut(invocation) => self.time_out(invocation),
            Event::Pause(invocation, process) => self.pause(invocation, process),
            Event::GoOn(invocation, process) => self.go_on(invocation, process),
            Event::StartWorker(queue) => self.start_worker(queue),
            Event::Strike(process) => self.strike(process),
            Event::Thaw(process) => self.executor.thaw(process),
            Event::Kill(process) => self.kill_unless_it_ended(process),
            Event::Gone(process) => self.gone(process),
        }
        true
    }

    fn send(&mut self, queue: usize, message: SentMessage) {
        let now = self.timeline.now();
        let mut queues = self.queues.all();
        let Some(to) = queues.get_mut(queue) else { return };
        let (number, visible_at) = (to.send(message, now), now + to.settings.delay);
        self.end = self.end.max(visible_at + to.settings.retention + AN_HOUR);
        drop(queues);
        self.store.state().circumstances.delayed += u64::from(visible_at > now);
        self.queues.wake(queue);
        self.tell(format_args!("queue {queue} takes {number:?}"));
        self.plan(visible_at, Event::Poll(queue));
    }

    /// A mapping as AWS would not have it shows nothing.
    fn check_settings(&self) {
        let settings: Vec<bool> = self.queues.all().iter().map(|queue| queue.settings.is_fifo()).collect();
        let refusals = settings.into_iter().filter_map(|is_fifo| self.setup.mapping.refusal(is_fifo));
        refusals.for_each(|why| self.violation(format!("the mapping cannot be set so: {why}")));
        let has_no_rules = self.setup.own_store.is_some() && self.setup.plant.is_some_and(Plant::is_of_the_store);
        if has_no_rules {
            self.violation(
                "a plant in the simulation's store shows nothing where a store of one's own stands in its place"
                    .to_owned(),
            );
        }
    }
}
