//! A store of one's own in the simulator: a right one breaks no rule, and each wrong one that rule which it should.

use std::{
    collections::HashSet,
    future::{pending, ready},
    sync::Mutex,
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    batch::Record,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, FencingToken, HeldAnswer,
        IdempotencyKey, IdempotencyStore, Key, Lease, MarkRequest, MemoryStore, Mode, Owner, ReadAnswer, RenewAnswer,
        RenewRequest, RowStatus,
    },
    extract::{Body, ReceiveCount},
    run::{WorkerConfig, WorkerQueue},
    testkit::simulator::{Account, Faults, Plant, Process, QueueSettings, SentMessage, Simulation, SimulationClock},
};

use crate::as_store::as_its_store;

type Time = Option<Duration>;

/// Slow in one process, quick in another; fails now and then, and is rejected.
fn consumer(process: &Process, how: How) -> Consumer {
    let (clock, id) = (process.clock(), process.id() as u64);
    let handler = move |body: Body, ReceiveCount(receives): ReceiveCount| {
        let number = body.len() as u64;
        let work = clock.sleep(Duration::from_millis((number * 137 + id * 3_571) % 15_000));
        async move {
            work.await;
            match (number % 5, receives) {
                (1, Some(1)) => Err(Failure::retry("asked to fail")),
                (2, _) => Err(Failure::reject("asked to be rejected")),
                _ => Ok(()),
            }
        }
    };
    let idempotency = process.idempotency().mode(how.mode).key(Key::by(key).same_body()).handler_version("7");
    let idempotency = idempotency.retention(how.retention.unwrap_or(Idempotency::DEFAULT_RETENTION));
    Consumer::new(handler).idempotency(idempotency.lease_duration(Duration::from_secs(10)))
}

/// How messages are guarded, and by whom they are received.
#[derive(Clone, Copy, Debug)]
struct How {
    mode: Mode,
    retention: Option<Duration>,
    by_workers: bool,
}

impl From<Mode> for How {
    fn from(mode: Mode) -> Self {
        Self { mode, retention: None, by_workers: false }
    }
}

/// Their leases end before their handlers do, and are renewed.
const WORKERS: How = How { mode: Mode::Lease, retention: None, by_workers: true };

/// Successes are forgotten while copies of their messages still come.
const FORGETFUL: How = How { mode: Mode::Lease, retention: Some(Duration::from_secs(20)), by_workers: false };

/// Two messages have one key, and some of those have another text.
fn key(record: &Record) -> Option<String> {
    Some((record.body().len() / 2).to_string())
}

fn run<S: IdempotencyStore>(seed: u64, how: impl Into<How>, make: impl FnOnce(SimulationClock) -> S) -> Account {
    let how = how.into();
    let mut faults = Faults::all();
    (faults.store, faults.duplicate) = (300, 500);
    let simulation = Simulation::new(seed, move |process| consumer(process, how)).faults(faults);
    let simulation = if how.by_workers { simulation.workers(2, worker) } else { simulation };
    let mut simulation = simulation.store(make);
    let mut settings = QueueSettings::new("orders");
    settings.visibility_timeout = Duration::from_secs(20);
    let orders = simulation.queue(settings);
    (1..24).for_each(|n| simulation.send(orders, SentMessage::new("x".repeat(n))));
    simulation.run()
}

fn worker(queue: WorkerQueue) -> WorkerConfig {
    WorkerConfig::new().queue(queue.visibility_timeout(Duration::from_secs(4)))
}

#[test]
fn a_right_store_breaks_no_rule() {
    let modes = [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter].map(How::from);
    for how in modes.into_iter().chain([WORKERS, FORGETFUL]) {
        let mut commits = 0;
        for seed in 0..60 {
            let account = run(seed, how, MemoryStore::new);
            account.assert_clean();
            commits += account.commits;
        }
        assert!(commits > 60, "{how:?}: {commits}");
    }
}

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slip {
    GrantsWhatIsDone,
    StartsFencesAnew,
    BlocksItself,
    GrantsWhatItReleased,
    TakesEveryPayload,
    TakesEverySuccess,
    TakesEveryRelease,
    TakesEveryRejection,
    TakesEveryRenewal,
    LeasesNeverEnd,
    ReadsNothing,
    ReadsWhatWas,
    NeverAnswers,
    AnswersTwice,
}

struct Slipped {
    store: MemoryStore,
    slip: Slip,
    owners: Mutex<HashSet<Owner>>,
}

impl Slipped {
    fn new(slip: Slip, clock: impl Clock) -> Self {
        Self { store: MemoryStore::new(clock), slip, owners: Mutex::default() }
    }

    fn spoil(&self, request: &ClaimRequest, answer: ClaimAnswer) -> ClaimAnswer {
        let fence = |fence| ClaimAnswer::Acquired(Lease::granted(request, fence, 1, request.lease_expires_at_ms));
        let is_known = !self.owners.lock().unwrap().insert(request.owner);
        match (self.slip, answer) {
            (Slip::GrantsWhatIsDone, ClaimAnswer::Completed { .. }) => fence(FencingToken(1_000)),
            (Slip::StartsFencesAnew, ClaimAnswer::Acquired(_)) => fence(FencingToken(1)),
            (Slip::BlocksItself, ClaimAnswer::Acquired(lease)) if is_known => {
                ClaimAnswer::InProgress { lease_expires_at_ms: lease.expires_at_ms() }
            }
            (Slip::GrantsWhatItReleased, ClaimAnswer::InProgress { lease_expires_at_ms: 0 }) => {
                fence(FencingToken(u64::MAX))
            }
            (Slip::TakesEveryPayload, ClaimAnswer::KeyConflict) => {
                ClaimAnswer::Completed { result: Default::default() }
            }
            (Slip::LeasesNeverEnd, ClaimAnswer::Acquired(lease)) if lease.attempts() > 1 => {
                ClaimAnswer::InProgress { lease_expires_at_ms: u64::MAX }
            }
            (_, answer) => answer,
        }
    }

    fn misread(&self, read: ReadAnswer) -> ReadAnswer {
        match (self.slip, read) {
            (Slip::ReadsNothing, _) => ReadAnswer::Nothing,
            (Slip::ReadsWhatWas, ReadAnswer::Row(mut row)) => {
                row.status = RowStatus::Released;
                ReadAnswer::Row(row)
            }
            (_, read) => read,
        }
    }
}

impl IdempotencyStore for Slipped {
    as_its_store!(mark, forget);

    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        if self.slip == Slip::NeverAnswers {
            return Box::pin(pending());
        }
        let answers = self.store.claim(all, time);
        let spoilt = |answers: Vec<_>| all.iter().zip(answers).map(|(one, answer)| self.spoil(one, answer)).collect();
        Box::pin(answers.map(spoilt))
    }

    fn read<'a>(&'a self, all: &'a [IdempotencyKey], time: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(self.store.read(all, time).map(|answers| answers.into_iter().map(|read| self.misread(read)).collect()))
    }

    fn complete<'a>(&'a self, all: &'a [CompleteRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        match self.slip {
            Slip::TakesEverySuccess => Box::pin(ready(all.iter().map(|_| CompleteAnswer::Committed).collect())),
            Slip::AnswersTwice => Box::pin(ready(all.iter().chain(all).map(|_| CompleteAnswer::Committed).collect())),
            _ => self.store.complete(all, time),
        }
    }

    fn fail<'a>(&'a self, all: &'a [FailRequest], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        match self.slip {
            Slip::TakesEveryRejection => Box::pin(ready(all.iter().map(|_| HeldAnswer::Written).collect())),
            _ => self.store.fail(all, time),
        }
    }

    fn renew<'a>(&'a self, all: &'a [RenewRequest], time: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        let held = |one: &RenewRequest| RenewAnswer::Held { lease_expires_at_ms: one.until_ms };
        match self.slip {
            Slip::TakesEveryRenewal => Box::pin(ready(all.iter().map(held).collect())),
            _ => self.store.renew(all, time),
        }
    }

    fn release<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        match self.slip {
            Slip::TakesEveryRelease => Box::pin(ready(all.iter().map(|_| HeldAnswer::Written).collect())),
            _ => self.store.release(all, time),
        }
    }
}

#[test]
fn each_wrong_store_breaks_its_rule() {
    for (slip, rule) in [
        (Slip::GrantsWhatIsDone, "I2, I3"),
        (Slip::StartsFencesAnew, "I9"),
        (Slip::BlocksItself, "I5"),
        (Slip::GrantsWhatItReleased, "a late copy of a claim that was released is refused"),
        (Slip::TakesEveryPayload, "I18"),
        (Slip::TakesEverySuccess, "I7, I8"),
        (Slip::TakesEveryRelease, "I7, I8"),
        (Slip::TakesEveryRejection, "I7, I8"),
        (Slip::TakesEveryRenewal, "I7, I8"),
        (Slip::LeasesNeverEnd, "a lease that is over blocks nobody"),
        (Slip::ReadsNothing, "a row stays until its retention is over"),
        (Slip::ReadsWhatWas, "I2, I3"),
        (Slip::NeverAnswers, "a store of one's own has to answer at once"),
        (Slip::AnswersTwice, "a store of one's own has to answer at once"),
    ] {
        let breaks = |seed| {
            let how = if slip == Slip::TakesEveryRenewal { WORKERS } else { Mode::Lease.into() };
            let account = run(seed, how, |clock| Slipped::new(slip, clock));
            account.violations.iter().any(|what| what.starts_with(rule))
        };
        let caught = (0..200).find(|seed| breaks(*seed));
        println!("{slip:?}: {caught:?}");
        assert!(caught.is_some(), "{slip:?} never breaks {rule}");
    }
}

/// A store that records success of whoever says so, whatever its claims say: two owners for one key.
#[test]
fn two_successes_of_one_key_are_noticed() {
    let breaks = |seed| {
        let account = run(seed, Mode::MarkAfter, |clock| MarksAll { store: MemoryStore::new(clock) });
        account.violations.iter().any(|what| what.starts_with("I1: "))
    };
    assert!((0..50).any(breaks));
}

struct MarksAll {
    store: MemoryStore,
}

impl IdempotencyStore for MarksAll {
    as_its_store!(claim, complete, release, fail, renew, read, forget);

    fn mark<'a>(&'a self, all: &'a [MarkRequest], _: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(ready(all.iter().map(|_| CompleteAnswer::Committed).collect()))
    }
}

#[test]
fn a_plant_in_the_store_that_is_not_there_is_refused() {
    let account = Simulation::new(1, |process| consumer(process, Mode::Lease.into())).plant(Plant::FenceThatStartsAnew);
    let account = account.store(MemoryStore::new).run();
    assert!(account.violations.iter().any(|what| what.contains("stands in its place")), "{:?}", account.violations);
}

/// Whoever has to find out why needs the seed.
#[test]
#[should_panic(expected = "seed 77: this store panics")]
fn a_panic_of_a_store_says_the_seed() {
    let _ = run(77, Mode::Lease, |clock| Panicking { store: MemoryStore::new(clock) });
}

struct Panicking {
    store: MemoryStore,
}

impl IdempotencyStore for Panicking {
    as_its_store!(complete, release, fail, renew, mark, read, forget);

    fn claim<'a>(&'a self, _: &'a [ClaimRequest], _: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        panic!("this store panics")
    }
}

#[test]
#[should_panic(expected = "queue 3 was not added: there are 1")]
fn a_message_for_a_queue_that_is_not_there_is_refused() {
    let mut simulation = Simulation::new(1, |process| consumer(process, Mode::Lease.into()));
    simulation.queue(QueueSettings::new("orders"));
    simulation.send(3, SentMessage::new("x"));
}
