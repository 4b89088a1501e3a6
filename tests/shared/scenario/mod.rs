//! What the simulation runs: up to three queues, everything that a handler can do, and everything that goes wrong.

mod drawn;
mod handler;

use std::time::Duration;

use sqs_runtime::{
    run::{Report, WorkerConfig, WorkerQueue},
    testkit::simulator::{Account, Faults, MappingSettings, Plant, QueueSettings, SentMessage, Simulation},
};

use self::drawn::{Dice, Drawn, Hosts, Weather};

/// Runs one seed.
pub(crate) fn run(seed: u64, plant: Option<Plant>) -> Account {
    let drawn = Drawn::new(seed);
    let of_processes = drawn.clone();
    let simulation = Simulation::new(seed, move |process| handler::consumer(process, &of_processes));
    let simulation = simulation.faults(faults(&drawn)).mapping(mapping(&drawn)).concurrency(drawn.limit);
    let mut simulation = simulation.writes_together(drawn.has_company);
    if let Some(plant) = plant {
        simulation = simulation.plant(plant);
    }
    if drawn.lets_fifo_messages_start() {
        simulation = simulation.fifo_messages_start();
    }
    if drawn.may_lose_messages() {
        simulation = simulation.may_lose_messages();
    }
    if drawn.fails_invocations {
        simulation =
            simulation.fail_invocation_when(|report: &Report| report.is_store_down() || report.has_shared_failure());
    }
    let mut simulation = with_workers(simulation, &drawn);
    for name in ["orders", "ledger.fifo", "fair"].into_iter().take(drawn.queues) {
        send_all(&mut simulation, name, &drawn, seed);
    }
    simulation.run()
}

/// The command that runs a seed again, and tells all that happens.
pub(crate) fn again(seed: u64) -> String {
    format!("cargo run --release -p tests --bin simulate -- --seeds 1 --from {seed} --trace")
}

fn faults(drawn: &Drawn) -> Faults {
    let mut faults = Faults::all();
    match drawn.weather {
        Weather::Usual => {}
        Weather::OddClocks => {
            // What is promised without clocks must hold.
            faults.skew = Duration::from_secs(60);
            faults.odd_clock = 1_000;
            faults.store = 300;
            faults.duplicate = 800;
        }
        Weather::Outages => {
            faults.outages_are_silent = drawn.outages_are_silent;
            faults.outages = (0..40).map(|n| (Duration::from_secs(1 + n * 29), Duration::from_secs(10))).collect();
        }
        Weather::Calm => {
            faults = Faults::none();
            (faults.lost_delete, faults.until) = (20, Duration::from_secs(1_800));
        }
    }
    if drawn.hosts != Hosts::Mappings {
        // Workers receive all the time, so that an hour of theirs is long; every message has come by then.
        faults.until = Duration::from_secs(600);
    }
    faults
}

fn mapping(drawn: &Drawn) -> MappingSettings {
    let mut mapping = MappingSettings::default();
    (mapping.batch_size, mapping.window) = (drawn.batch_size, drawn.window);
    mapping.max_event_bytes = drawn.max_event_bytes.unwrap_or(mapping.max_event_bytes);
    (mapping.initial_concurrency, mapping.ramp_per_minute) = (drawn.initial_concurrency, 4);
    mapping.invocations_per_process = drawn.invocations_per_process;
    mapping.reports_batch_item_failures = drawn.has_flag;
    if drawn.has_workers_only() {
        mapping.maximum_concurrency = 0;
    }
    mapping
}

fn with_workers(simulation: Simulation, drawn: &Drawn) -> Simulation {
    let of_workers = drawn.clone();
    match drawn.hosts {
        Hosts::Mappings => simulation,
        Hosts::SharedWorkers => simulation.shared_workers(3, move |queues| worker(&of_workers, queues)),
        Hosts::Workers | Hosts::Both => simulation.workers(2, move |queue| worker(&of_workers, [queue])),
    }
}

/// A worker's settings: messages are hidden for less than their handlers take, and handlers take longer than they may.
fn worker(drawn: &Drawn, queues: impl IntoIterator<Item = WorkerQueue>) -> WorkerConfig {
    let hidden = |queue: WorkerQueue| match drawn.workers_hide {
        None => queue,
        Some(time) => queue.visibility_timeout(time),
    };
    let weights = (1..).map(|nth| nth * drawn.weights);
    let queues = queues.into_iter().zip(weights).map(|(queue, weight)| hidden(queue).weight(weight));
    queues.fold(WorkerConfig::new(), WorkerConfig::queue).max_duration(Duration::from_secs(90))
}

/// Twelve pieces of work for one queue; some come twice, some with another text under the same number.
fn send_all(simulation: &mut Simulation, name: &str, drawn: &Drawn, seed: u64) {
    let dice = Dice::new(seed.rotate_left(32) ^ name.len() as u64);
    let mut settings = QueueSettings::new(name);
    settings.visibility_timeout = drawn.visibility.unwrap_or(settings.visibility_timeout);
    settings.retention = drawn.kept.unwrap_or(settings.retention);
    settings.delay = drawn.delay;
    let queue = simulation.queue(settings);
    for n in 0..12_u32 {
        let message = |kind: &str| {
            let message = SentMessage::new(format!("{kind} {n}")).group(format!("g{}", n % 3));
            if drawn.deduplicates { message.deduplication_id(format!("{kind} {n}")) } else { message }
        };
        let kind = kind(&dice, drawn);
        // All at once, or one after the other.
        let at = n / 8 * 8 * drawn.gap;
        simulation.send_at(at, queue, message(kind));
        match dice.below(5) {
            0 => simulation.send_at(at, queue, message(kind)),
            1 => simulation.send_at(at + Duration::from_secs(60), queue, message("fine")),
            _ => {}
        }
    }
}

fn kind(dice: &Dice, drawn: &Drawn) -> &'static str {
    let kind = dice.of("ok", &handler::KINDS);
    match drawn.weather {
        // What takes the whole time takes it from those behind it.
        Weather::Calm if matches!(kind, "hang" | "close") => "fail",
        // The longer and the less alike two attempts are, the more they get into each other's way.
        Weather::OddClocks if !dice.one_in(3) => "either",
        // Begun before an outage, and done in the middle of it.
        Weather::Outages if dice.one_in(3) => "slow",
        _ => kind,
    }
}
