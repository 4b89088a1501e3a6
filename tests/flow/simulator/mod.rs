//! A consumer in the simulator: crashes, lost and late requests, duplicates, odd clocks, and every rule checked in every run.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use sqs_runtime::{
    Clock, Consumer, Failure,
    claim::{Key, Mode},
    extract::Body,
    testkit::simulator::{Account, Faults, MappingSettings, Process, QueueSettings, SentMessage, Simulation},
};

/// A handler that does what its message says: takes its time, fails now and then, is rejected, panics.
fn consumer(process: &Process, mode: Mode) -> Consumer {
    let clock = process.clock();
    let in_flight = Arc::new(AtomicUsize::new(0));
    let consumer = Consumer::new(move |body: Body| {
        let (clock, in_flight) = (clock.clone(), Arc::clone(&in_flight));
        async move {
            let (kind, number) = body.split_once(' ').unwrap_or_default();
            let number: u64 = number.parse().unwrap_or_default();
            assert!(in_flight.fetch_add(1, SeqCst) < LIMIT, "I24: more handlers than the limit");
            clock.sleep(Duration::from_millis(number * 37 % 900)).await;
            in_flight.fetch_sub(1, SeqCst);
            match kind {
                "reject" => Err(Failure::reject("asked to be rejected")),
                "fail" => Err(Failure::retry("asked to fail")),
                "panic" => std::panic::resume_unwind(Box::new("asked to panic")),
                "hang" => {
                    clock.sleep(Duration::from_secs(3_600)).await;
                    Ok(())
                }
                _ => Ok(()),
            }
        }
    });
    let key = Key::by(|record| Some(record.message_id().to_owned())).same_body();
    consumer.idempotency(process.idempotency().mode(mode).key(key)).concurrency(LIMIT)
}

const LIMIT: usize = 4;

const KINDS: [&str; 12] = ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "fail", "reject", "panic", "hang", "ok"];

/// One run of everything at once.
fn run(seed: u64, mode: Mode) -> Account {
    let mut mapping = MappingSettings::default();
    mapping.maximum_concurrency = 8;
    mapping.batch_size = 1 + usize::try_from(seed % 10).expect("small");
    mapping.window = Duration::from_millis(seed % 3 * 500);
    let mut simulation =
        Simulation::new(seed, move |process| consumer(process, mode)).faults(Faults::all()).mapping(mapping);
    let queues = [
        simulation.queue(QueueSettings::new("orders")),
        simulation.queue(QueueSettings::new("ledger.fifo")),
        simulation.queue(QueueSettings::new("fair")),
    ];
    for n in 0..24_u64 {
        let kind = KINDS[usize::try_from((n + seed) % 12).expect("small")];
        let message = SentMessage::new(format!("{kind} {n}")).group(format!("g{}", n % 3));
        let queue = queues[usize::try_from(n % 3).expect("small")];
        simulation.send_at(Duration::from_secs(n * 20), queue, message);
    }
    simulation.run()
}

const SEEDS: u64 = 200;

/// Runs seeds and adds up what they met.
fn run_all(mode: Mode) -> (BTreeMap<&'static str, u64>, BTreeMap<&'static str, u64>) {
    let (mut faults, mut outcomes) = (BTreeMap::new(), BTreeMap::new());
    for seed in 0..SEEDS {
        let account = run(seed, mode);
        account.assert_clean();
        account.faults.named().iter().for_each(|(name, count)| *faults.entry(*name).or_default() += count);
        account.outcomes.iter().for_each(|(name, count)| *outcomes.entry(*name).or_default() += count);
    }
    (faults, outcomes)
}

#[test]
fn every_rule_holds_under_every_fault_in_every_mode() {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        let (faults, outcomes) = run_all(mode);
        println!("{mode:?}: {faults:?} {outcomes:?}");
        assert!(faults.values().all(|count| *count > 0), "a fault never happened: {faults:?}");
        let expected = ["already done", "done", "not started", "rejected", "retry"];
        assert!(expected.iter().all(|outcome| outcomes.contains_key(outcome)), "{outcomes:?}");
        assert_eq!(outcomes.contains_key("in progress elsewhere"), mode == Mode::Lease, "{outcomes:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let traces: Vec<_> = (0..2).map(|_| run(11, Mode::Lease).trace).collect();
    assert!(traces[0].len() > 50);
    assert_eq!(traces[0], traces[1]);
}

/// Without faults every message has one run, and all is over soon.
#[test]
fn without_faults_everything_runs_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let mut simulation = Simulation::new(1, move |process| {
        let noted = Arc::clone(&noted);
        let handler = move |body: Body| {
            let noted = Arc::clone(&noted);
            async move { noted.lock().expect("no panic").push(body.to_string()) }
        };
        Consumer::new(handler).idempotency(process.idempotency())
    });
    let orders = simulation.queue(QueueSettings::new("orders"));
    (0..100).for_each(|n| simulation.send(orders, SentMessage::new(n.to_string())));
    let account = simulation.run();
    account.assert_clean();
    assert_eq!((account.done, account.starts.len(), account.invocations, account.commits), (100, 100, 10, 100));
    assert_eq!(seen.lock().expect("no panic").len(), 100);
}

/// Without `ReportBatchItemFailures` every message that failed is lost, and nothing at run time can tell.
#[test]
fn without_the_flag_failures_are_lost() {
    let mut mapping = MappingSettings::default();
    mapping.reports_batch_item_failures = false;
    let failing = |process: &Process| {
        Consumer::new(|| async { Err::<(), _>(Failure::retry("never works")) }).idempotency(process.idempotency())
    };
    let mut simulation = Simulation::new(1, failing).mapping(mapping);
    let orders = simulation.queue(QueueSettings::new("orders"));
    simulation.send(orders, SentMessage::new("x"));
    let account = simulation.run();
    assert_eq!((account.done, account.commits, account.dead_lettered), (1, 0, 0));
}
