//! The drain times that `plan` computes, beside a simulation of the mapping: within a tenth for loads that were drawn after the
//! formulas were fixed.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use sqs_runtime::{
    Clock, Consumer,
    testkit::{
        Seeded,
        simulator::{MappingSettings, Process, QueueSettings, SentMessage, Simulation},
    },
};
use sqs_runtime_cli::plan::{Aim, Load, Plan, cost::Prices, plan};

const LOADS: u64 = 20;
/// What a simulation is worth having: enough messages to count, in a moment of real time.
const MESSAGES: std::ops::Range<f64> = 500.0..2_000.0;

/// A load of some hundred messages, that a mapping without a ramp or with one bears.
fn drawn(seed: u64) -> (Load, Plan) {
    let chance = Seeded::new(seed);
    let between = |low: u64, high: u64| low + chance.below(high - low + 1);
    loop {
        let load = Load {
            rate: between(0, 200) as f64 / 10.0,
            burst: between(400, 1_600),
            message_ms: between(100, 8_000),
            overhead_ms: 0,
            message_bytes: 100,
            window: 0,
            at_once: between(1, 10),
            fifo_groups: None,
            aim: Aim::DrainWithin(between(60, 900)),
            outage: 0,
            backoff: None,
            memory_mb: 256,
            permits: 100,
            prices: Prices { sqs: 0.0, invocations: 0.0, gb_second: 0.0, writes: 0.0, writes_per_message: 0.0 },
        };
        // What nothing bears in that time is another load.
        let Ok(plan) = plan(&load) else { continue };
        if MESSAGES.contains(&(load.burst as f64 + load.rate * plan.drain)) {
            return (load, plan);
        }
    }
}

/// When each message was done.
type Ends = Arc<Mutex<Vec<Duration>>>;

fn consumer(process: &Process, load: &Load, ends: &Ends) -> Consumer {
    let (clock, work, ends) = (process.clock(), Duration::from_millis(load.message_ms), ends.clone());
    let handler = move || {
        let (wait, clock, ends) = (clock.sleep(work), clock.clone(), ends.clone());
        async move {
            wait.await;
            ends.lock().unwrap().push(clock.monotonic());
        }
    };
    let at_once = usize::try_from(load.at_once).unwrap();
    Consumer::new(handler).without_idempotency().concurrency(at_once)
}

/// The burst at once, and what arrives meanwhile and for as long again.
fn sends(load: &Load, plan: &Plan) -> Vec<Duration> {
    let later = (0..).map(|n| f64::from(n) / load.rate).take_while(|at| *at < 2.0 * plan.drain);
    let burst = (0..load.burst).map(|_| 0.0);
    burst.chain(later).map(Duration::from_secs_f64).collect()
}

fn simulated(seed: u64, load: &Load, plan: &Plan, sends: &[Duration]) -> Vec<Duration> {
    let mut mapping = MappingSettings::default();
    mapping.batch_size = usize::try_from(plan.batch.size).unwrap();
    mapping.maximum_concurrency = usize::try_from(plan.maximum_concurrency).unwrap();
    mapping.function_timeout = Duration::from_secs(plan.function_timeout);
    let (of, ends) = (load.clone(), Ends::default());
    let told = ends.clone();
    let mut simulation = Simulation::new(seed, move |process| consumer(process, &of, &told)).mapping(mapping);
    let mut settings = QueueSettings::new("orders");
    settings.visibility_timeout = Duration::from_secs(plan.visibility_timeout);
    let orders = simulation.queue(settings);
    sends.iter().for_each(|at| simulation.send_at(*at, orders, SentMessage::new("work")));
    let account = simulation.run();
    account.assert_clean();
    assert_eq!(account.done, account.sent, "{account}");
    let mut ends = std::mem::take(&mut *ends.lock().unwrap());
    ends.sort();
    ends
}

/// The first moment at which no more is left than what always arrives keeps in hand.
fn drained(load: &Load, plan: &Plan, sends: &[Duration], ends: &[Duration]) -> f64 {
    let in_hand = (load.rate * plan.batch.seconds).ceil();
    let left = |done: usize, at: Duration| (sends.partition_point(|sent| *sent <= at) - done) as f64;
    let first = ends.iter().enumerate().find(|(before, at)| left(before + 1, **at) <= in_hand);
    first.expect("a backlog that ends").1.as_secs_f64()
}

#[test]
fn the_planned_drain_is_the_simulated_one() {
    let mut ramped = 0;
    for seed in 1..=LOADS {
        let (load, plan) = drawn(seed);
        let sends = sends(&load, &plan);
        let ends = simulated(seed, &load, &plan, &sends);
        let drain = drained(&load, &plan, &sends, &ends);
        let off = (drain - plan.drain) / plan.drain;
        assert!(off.abs() <= 0.1, "seed {seed}: {drain:.1} s in the simulation: {load:?}\n{plan:?}");
        ramped += u32::from(plan.maximum_concurrency > 5 && plan.drain > 60.0);
    }
    assert!(ramped >= 3, "{ramped} loads met the ramp");
}
