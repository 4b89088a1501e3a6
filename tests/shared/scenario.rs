//! What the simulation runs: three queues, everything that a handler can do, and everything that goes wrong.

use std::time::Duration;

use sqs_runtime::{
    Clock, Consumer, Failure,
    claim::{Key, Mode},
    extract::{Body, ReceiveCount},
    queue::Queue,
    run::{WorkerConfig, WorkerQueue},
    testkit::simulator::{
        Account, Effect, Faults, MappingSettings, Plant, Process, QueueSettings, SentMessage, Simulation,
    },
};

/// How many handlers of one process may run at a time.
fn limit(seed: u64) -> usize {
    if has_outages(seed) { 2 } else { 4 }
}

/// Whether the store is away now and then, all of it.
fn has_outages(seed: u64) -> bool {
    seed % 8 == 6
}

/// What messages ask their handler to do.
const KINDS: [&str; 12] =
    ["ok", "close", "nokey", "either", "later", "fail", "either", "row", "reject", "panic", "hang", "either"];

/// The modes, taken in turn by seeds.
pub(crate) const MODES: [Mode; 3] = [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter];

/// Runs one seed in the mode that is its turn.
pub(crate) fn run(seed: u64, plant: Option<Plant>) -> Account {
    let turn = usize::try_from(seed % 8).unwrap_or_default();
    // The default mode has the most rules, so most seeds are its.
    run_in(seed, MODES.get(turn).copied().unwrap_or(Mode::Lease), plant)
}

/// Whether writes that are pending at the same moment travel together.
fn has_company(seed: u64) -> bool {
    seed % 13 < 8
}

/// Whether clocks are so far off that no lease can be trusted.
fn has_odd_clocks(seed: u64) -> bool {
    seed.is_multiple_of(3) && !is_calm(seed)
}

/// How one process guards its messages.
struct Guarding {
    mode: Mode,
    retention: Duration,
    telling: Telling,
    limit: usize,
}

/// What the queue is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Nothing,
    Backoff,
    DeadLetters,
    Acknowledges,
}

impl Telling {
    fn of(seed: u64) -> Self {
        match seed % 8 {
            0 => Self::Acknowledges,
            1 | 2 => Self::Backoff,
            3..=6 => Self::DeadLetters,
            _ => Self::Nothing,
        }
    }

    fn queue(self, process: &Process) -> Option<Queue> {
        let queue = Queue::new(process.queue_client());
        match self {
            Self::Nothing => None,
            Self::Backoff => Some(queue),
            Self::DeadLetters => Some(queue.dead_letters_by_redrive_policy()),
            Self::Acknowledges => Some(queue.acknowledge_explicitly().dead_letters_by_redrive_policy()),
        }
    }
}

impl Guarding {
    fn of(seed: u64, mode: Mode, process: usize) -> Self {
        // Functions of two modes on one table, as between two deployments.
        let mixes = seed % 4 == 1 && process % 2 == 1;
        // So short that rows are over while their messages still come.
        let retention = if seed % 11 == 4 { 60 } else { 14 * 24 * 3_600 };
        let mode = if mixes { Mode::Lease } else { mode };
        Self { mode, retention: Duration::from_secs(retention), telling: Telling::of(seed), limit: limit(seed) }
    }
}

/// What runs the consumers: of seven seeds two have workers in place of mappings, one queue each or all of them each, and one has
/// mappings and workers on the same queues.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hosts {
    Mappings,
    Workers,
    SharedWorkers,
    Both,
}

impl Hosts {
    fn of(seed: u64) -> Self {
        match seed % 7 {
            3 => Self::Workers,
            4 => Self::SharedWorkers,
            5 => Self::Both,
            _ => Self::Mappings,
        }
    }
}

/// A worker's settings: messages are hidden for less than their handlers take, and handlers take longer than they may.
fn worker(seed: u64, queues: impl IntoIterator<Item = WorkerQueue>) -> WorkerConfig {
    let hidden = |queue: WorkerQueue| match seed % 3 {
        0 => queue,
        1 => queue.visibility_timeout(Duration::from_secs(10)),
        _ => queue.visibility_timeout(Duration::from_secs(20)),
    };
    let weights = (1..).map(|nth| nth * u32::try_from(1 + seed % 4).unwrap_or(1));
    let queues = queues.into_iter().zip(weights).map(|(queue, weight)| hidden(queue).weight(weight));
    queues.fold(WorkerConfig::new(), WorkerConfig::queue).max_duration(Duration::from_secs(90))
}

/// Whether nothing goes wrong but the messages themselves: then it shows whom they take along.
fn is_calm(seed: u64) -> bool {
    seed % 16 == 5
}

/// Runs one seed.
pub(crate) fn run_in(seed: u64, mode: Mode, plant: Option<Plant>) -> Account {
    let mut mapping = MappingSettings::default();
    mapping.batch_size = usize::try_from(1 + seed % 10).unwrap_or(1);
    mapping.window = Duration::from_millis(seed % 3 * 500);
    // So small that batches are closed by their size.
    mapping.max_event_bytes = if seed.is_multiple_of(5) { 24 } else { mapping.max_event_bytes };
    (mapping.initial_concurrency, mapping.ramp_per_minute) = (2, 4);
    // Forgotten, as it happens: failures are lost then, unless the consumer acknowledges by itself.
    mapping.reports_batch_item_failures = !matches!(seed % 16, 7 | 8);
    let hosts = Hosts::of(seed);
    if matches!(hosts, Hosts::Workers | Hosts::SharedWorkers) {
        mapping.maximum_concurrency = 0;
    }
    let mut faults = Faults::all();
    if has_odd_clocks(seed) {
        // Clocks that no lease can be trusted by: what is promised without clocks must hold.
        faults.skew = Duration::from_secs(60);
        faults.odd_clock = 1_000;
        faults.store = 300;
        faults.duplicate = 800;
    }
    if has_outages(seed) {
        mapping.batch_size = 10;
        faults.outages = (0..40).map(|n| (Duration::from_secs(1 + n * 29), Duration::from_secs(10))).collect();
    }
    if is_calm(seed) {
        faults = Faults::none();
        (faults.lost_delete, faults.until) = (20, Duration::from_secs(1_800));
    }
    if hosts != Hosts::Mappings {
        // Workers receive all the time, so that an hour of theirs is long; every message has come by then.
        faults.until = Duration::from_secs(600);
    }
    let simulation = Simulation::new(seed, move |process| consumer(process, &Guarding::of(seed, mode, process.id())));
    let simulation = simulation.faults(faults).mapping(mapping).concurrency(limit(seed));
    let mut simulation = simulation.writes_together(has_company(seed));
    if let Some(plant) = plant {
        simulation = simulation.plant(plant);
    }
    simulation = match hosts {
        Hosts::Mappings => simulation,
        Hosts::SharedWorkers => simulation.shared_workers(3, move |queues| worker(seed, queues)),
        Hosts::Workers | Hosts::Both => simulation.workers(2, move |queue| worker(seed, [queue])),
    };
    if is_calm(seed) {
        simulation = simulation.fifo_messages_start();
    }
    for name in ["orders", "ledger.fifo", "fair"] {
        send_all(&mut simulation, name, seed);
    }
    simulation.run()
}

/// Eight pieces of work for one queue; some come twice, some with another text under the same number.
fn send_all(simulation: &mut Simulation, name: &str, seed: u64) {
    let mut settings = QueueSettings::new(name);
    if seed % 3 != 2 {
        // Shorter than the function's time-out, as nobody should have it: messages come again while they are worked on.
        settings.visibility_timeout = Duration::from_secs(20 + seed % 20);
    }
    let queue = simulation.queue(settings);
    // All at once, or one after the other.
    let gap = if seed.is_multiple_of(2) { 1 } else { 30 };
    for n in 0..12_u64 {
        let kind = KINDS.get(usize::try_from((n * 5 + seed) % 12).unwrap_or_default()).copied().unwrap_or("ok");
        // The longer and the less alike two attempts are, the more they get into each other's way.
        // What takes the whole time takes it from those behind it.
        let kind = if is_calm(seed) && matches!(kind, "hang" | "close") { "fail" } else { kind };
        let kind = if has_odd_clocks(seed) && n.is_multiple_of(2) { "either" } else { kind };
        let message = |kind: &str| SentMessage::new(format!("{kind} {n}")).group(format!("g{}", n % 3));
        let at = Duration::from_secs(n / 8 * 8 * gap);
        simulation.send_at(at, queue, message(kind));
        match (n + seed) % 5 {
            0 => simulation.send_at(at, queue, message(kind)),
            1 => simulation.send_at(at + Duration::from_secs(60), queue, message("fine")),
            _ => {}
        }
    }
}

/// A handler that does what its message says: takes its time, fails now and then, is rejected, panics, hangs.
fn consumer(process: &Process, guarding: &Guarding) -> Consumer {
    let (clock, say, id) = (process.clock(), process.violations(), process.id() as u64);
    let obey = move |body: Body, ReceiveCount(receives): ReceiveCount, effect: Option<Effect>| {
        let (clock, say) = (clock.clone(), say.clone());
        async move {
            let (kind, number) = body.split_once(' ').unwrap_or_default();
            let number: u64 = number.parse().unwrap_or_default();
            clock.sleep(Duration::from_millis(number * 137 % 900)).await;
            match kind {
                "nokey" => {
                    say("a message without its key runs".to_owned());
                    Ok(())
                }
                "row" => {
                    effect.iter().for_each(Effect::happen);
                    Ok(())
                }
                "reject" => Err(Failure::reject("asked to be rejected")),
                "fail" => Err(Failure::retry("asked to fail")),
                "panic" => std::panic::resume_unwind(Box::new("asked to panic")),
                "either" => {
                    // Slow in one process, quick in another; fails here, succeeds there.
                    clock.sleep(Duration::from_millis((number * 137 + id * 3_571) % 15_000)).await;
                    if id.is_multiple_of(2) { Ok(()) } else { Err(Failure::retry("asked to fail")) }
                }
                "close" => {
                    // Until just before everything is stopped.
                    clock.sleep(Duration::from_millis(28_300 - number * 137 % 900)).await;
                    Ok(())
                }
                // Longer than SQS hides anything.
                "later" if receives == Some(1) => Err(Failure::retry_after(Duration::from_secs(13 * 3_600))),
                "hang" => {
                    clock.sleep(Duration::from_secs(3_600)).await;
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    };
    // A third of the processes have transactions, whether or not a message writes anything.
    let consumer = if id.is_multiple_of(3) {
        Consumer::new(move |body: Body, receives: ReceiveCount, effect: Option<Effect>| obey(body, receives, effect))
    } else {
        Consumer::new(move |body: Body, receives: ReceiveCount| obey(body, receives, None))
    };
    // By its number within its queue; `nokey` has none.
    let queue = process.queue();
    let by_number = Key::by(move |record| {
        let (kind, number) = record.body().split_once(' ')?;
        (kind != "nokey").then(|| format!("{queue}/{number}"))
    });
    let idempotency = process.idempotency().mode(guarding.mode).retention(guarding.retention);
    let idempotency = idempotency.key(by_number.same_body()).handler_version("7");
    let consumer = consumer.idempotency(idempotency).concurrency(guarding.limit);
    match guarding.telling.queue(process) {
        Some(queue) => consumer.queue(queue),
        None => consumer,
    }
}
