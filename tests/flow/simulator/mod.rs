//! A consumer in the simulator: crashes, lost and late requests, duplicates, odd clocks, and every rule checked in every run.

mod command;
mod duplicates;
mod mapping;
mod outage;
mod own_store;
mod planted;
mod poison;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex},
    thread,
};

use sqs_runtime::{
    Consumer, Failure,
    extract::Body,
    testkit::simulator::{Account, MappingSettings, Process, QueueSettings, SentMessage, Simulation},
};

use crate::scenario;

const SEEDS: u64 = 2_000;

type Counts = BTreeMap<&'static str, u64>;

/// What seeds met, by name.
#[derive(Debug, Default)]
struct Met {
    faults: Counts,
    circumstances: Counts,
    outcomes: Counts,
    rows: Counts,
}

impl Met {
    fn and(mut self, other: Self) -> Self {
        for (to, from) in [
            (&mut self.faults, other.faults),
            (&mut self.circumstances, other.circumstances),
            (&mut self.outcomes, other.outcomes),
            (&mut self.rows, other.rows),
        ] {
            from.into_iter().for_each(|(name, count)| add(to, name, count));
        }
        self
    }
}

fn add(to: &mut Counts, name: &'static str, count: u64) {
    *to.entry(name).or_default() += count;
}

/// Runs a seed that breaks no rule.
fn run_clean(seed: u64) -> Account {
    let account = scenario::run(seed, None);
    let violations = account.violations.join("\n");
    assert!(violations.is_empty(), "seed {seed}: {account}\n{violations}\nagain: {}", scenario::again(seed));
    account
}

/// Runs seeds and adds up what they met.
fn run_all(seeds: Range<u64>) -> Met {
    let mut met = Met::default();
    for seed in seeds {
        let account = run_clean(seed);
        account.faults.named().iter().for_each(|(name, count)| add(&mut met.faults, name, *count));
        account.circumstances.named().iter().for_each(|(name, count)| add(&mut met.circumstances, name, *count));
        add(&mut met.circumstances, "expired", account.expired);
        account.outcomes.iter().for_each(|(name, count)| add(&mut met.outcomes, name, *count));
        account.rows.iter().for_each(|(name, count)| add(&mut met.rows, name, *count));
    }
    met
}

/// In two halves, so that they run beside each other.
#[test]
fn every_rule_holds_under_every_fault() {
    let halves = [0..SEEDS / 2, SEEDS / 2..SEEDS];
    let [one, other] = thread::scope(|scope| {
        let running = halves.map(|seeds| scope.spawn(move || run_all(seeds)));
        running.map(|half| half.join().expect("no rule is broken"))
    });
    let Met { faults, circumstances, outcomes, rows } = one.and(other);
    println!("{SEEDS} seeds, {faults:?} {circumstances:?} {outcomes:?} {rows:#?}");
    assert!(faults.values().all(|count| *count > 0), "a fault never happened: {faults:?}");
    assert!(circumstances.values().all(|count| *count > 0), "never met: {circumstances:?}");
    let expected = ["already done", "done", "not started", "rejected", "retry"];
    assert!(expected.iter().all(|outcome| outcomes.contains_key(outcome)), "{outcomes:?}");
    assert!(outcomes.contains_key("in progress elsewhere"), "{outcomes:?}");
    let all = [
        &CLAIM_ROWS[..],
        &MARK_ROWS,
        &RENEWAL_ROWS,
        &TRANSACTION_ROWS,
        &SILENT_ROWS,
        &QUEUE_ROWS,
        &WORKER_ROWS,
        &ANSWER_ROWS,
    ];
    let unmet: Vec<_> = all.into_iter().flatten().filter(|row| !rows.contains_key(**row)).collect();
    assert!(unmet.is_empty(), "rows of the tables were not met: {unmet:?}");
}

/// Every row of the tables for `lease`, but those that only a store of one's own or another writer can answer with.
const CLAIM_ROWS: [&str; 22] = [
    "claim: granted, nothing was there",
    "claim: granted, expired",
    "claim: granted, released",
    "claim: granted, the lease was over",
    "claim: granted, another payload or version was rejected",
    "claim: its own write",
    "claim: its own release",
    "claim: done before",
    "claim: done before with another payload",
    "claim: in progress elsewhere",
    "claim: rejected before",
    "complete: committed",
    "complete: its own write",
    "complete: another attempt won",
    "complete: another payload won",
    "complete: the lease was lost",
    "release: written",
    "release: refused",
    "cancel: written",
    "cancel: refused",
    "reject: written",
    "reject: refused",
];

/// What became of a handler's effects.
const TRANSACTION_ROWS: [&str; 5] = [
    "transaction: committed",
    "transaction: its own write",
    "transaction: another attempt won",
    "transaction: another payload won",
    "transaction: the lease was lost",
];

/// What came to no answer.
const SILENT_ROWS: [&str; 9] = [
    "claim: nothing was written",
    "claim: unknown",
    "read: unknown",
    "complete: unknown",
    "mark: unknown",
    "renew: unknown",
    "release, cancel, reject: unknown",
    "transaction: nothing was written",
    "transaction: unknown",
];

/// What the mapping was answered.
const ANSWER_ROWS: [&str; 5] = [
    "answer: an error, all come back",
    "answer: ignored, all are deleted",
    "answer: no failures, all are deleted",
    "answer: failures, only those come back",
    "answer: nothing but failures",
];

/// What the queue was told.
const QUEUE_ROWS: [&str; 10] = [
    "queue: a delete that did not land",
    "queue: a delete without an answer",
    "queue: a change that did not land",
    "queue: a change without an answer",
    "queue: hidden",
    "queue: not hidden, the receive is over",
    "queue: copied",
    "queue: deleted",
    "queue: not deleted, the receive is over",
    "queue: not deleted, by an older receipt",
];

/// What workers said about what they were handed.
const WORKER_ROWS: [&str; 5] = [
    "worker: keeps it hidden",
    "worker: hides it for its backoff",
    "worker: gives it back",
    "worker: deletes it",
    "worker: deletes it without a run",
];

/// What became of the renewals of their leases.
const RENEWAL_ROWS: [&str; 2] = ["renew: held", "renew: the lease was lost"];

/// And for the modes that record behind the handler.
const MARK_ROWS: [&str; 5] = [
    "mark: committed",
    "mark: its own write",
    "mark: another attempt won",
    "mark: another payload won",
    "mark: refused",
];

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..32 {
        let (one, other) = (scenario::run(seed, None), scenario::run(seed, None));
        assert!(one.trace.len() > 20);
        assert_eq!((one.trace, one.starts), (other.trace, other.starts), "seed {seed}");
    }
}

/// Seeds that once broke a rule, or were thought to, beyond those that run anyway; and what that was. A seed means another run once what
/// is drawn in the scenario or the simulator changes: what a seed found has a test of its own beside the code.
const ONCE_BROKEN: [(u64, &str); 2] = [
    (2_819, "a reserve of what is left when the queue's settings are known was taken for too short"),
    (16_337, "a handler that a late timer had left behind was counted beside those of another invocation"),
];

#[test]
fn what_was_broken_once_is_not_broken_again() {
    for (seed, _) in ONCE_BROKEN {
        run_clean(seed);
    }
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
    assert_eq!((account.done, account.lost, account.commits, account.dead_lettered), (0, 1, 0, 0));
    assert!(account.violations.iter().any(|what| what.contains("is lost")), "{:?}", account.violations);
}
