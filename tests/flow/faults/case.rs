//! One case: three messages, delivered with faults and then without, until all are settled.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{
        FencingToken, IdempotencyKey, Lease, Owner,
        dynamodb::{DynamoDbStore, Table},
    },
    extract::{Body, FromDelivery},
    handler::Delivery,
    outcome::ReasonClass,
    run::{Pipeline, Report},
};

use super::{
    fault::{Applied, Fault, Kill, Operation, Point, Stage},
    ledger::TABLE,
    oracle,
    wire::{State, TIME, Wire},
};
use crate::support::{event, record, returned};

/// Longer than any lease and any skew.
const PAST_EVERY_LEASE: Duration = Duration::from_secs(120);

/// What is planned for one case.
#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    pub(super) faults: Vec<Point>,
    pub(super) kill: Option<Kill>,
    /// The third message panics whenever it is run; else it is rejected by the first delivery.
    pub(super) panics: bool,
    /// One more delivery while leases live.
    pub(super) comes_back_at_once: bool,
}

/// What a case came to.
pub(super) struct Came {
    pub(super) seen: Vec<Operation>,
    pub(super) was_killed: bool,
}

/// What the handlers of one case did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    record: usize,
    delivery: u32,
    owner: Owner,
    fence: FencingToken,
    succeeds: bool,
}

/// The claim under which a handler runs.
struct Granted(Lease);

impl<S: Sync> FromDelivery<S> for Granted {
    type Rejection = Failure;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Failure> {
        delivery.lease().cloned().map(Self).ok_or_else(|| Failure::from("no claim"))
    }
}

type Runs = Arc<Mutex<Vec<Run>>>;

/// Runs cases, one after the other, against one server.
pub(super) struct Bench {
    wire: Wire,
    pipeline: Pipeline,
    runs: Runs,
    panics: Arc<AtomicBool>,
    pub(super) cases: usize,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let wire = Wire::new().await;
        let (runs, panics) = (Runs::default(), Arc::default());
        let pipeline = process(&wire, &runs, &panics);
        Self { wire, pipeline, runs, panics, cases: 0 }
    }

    /// Runs one case to its end; panics where an invariant does not hold.
    pub(super) async fn run(&mut self, case: &Case) -> Came {
        self.cases += 1;
        let ids = [0, 1, 2].map(|n| format!("case-{}-{n}", self.cases));
        let keys = ids.iter().map(|id| IdempotencyKey::derive("orders", &[id.as_bytes()]).as_str().to_owned());
        *self.wire.state() = State::new(keys.collect(), case.faults.clone(), case.kill);
        self.runs.lock().expect("no panic").clear();
        self.panics.store(case.panics, SeqCst);
        let event = event(&[record(&ids[0], "0"), record(&ids[1], "1"), record(&ids[2], "2")]);

        let was_killed = !self.deliver(case, &event).await;
        self.wire.land(Applied::AfterTheAnswer).await;
        if was_killed {
            // Another process goes on, with nothing of the old one.
            self.pipeline = process(&self.wire, &self.runs, &self.panics);
        }
        if case.comes_back_at_once {
            self.deliver(case, &event).await;
            self.wire.land(Applied::InTheNextDelivery).await;
        }
        // A pair is left alone once it is settled; all else comes back once more.
        let deliveries = if case.faults.len() > 1 { 1 } else { 2 };
        for _ in 0..deliveries {
            self.wire.clock().advance(PAST_EVERY_LEASE);
            self.deliver(case, &event).await;
            self.wire.land(Applied::InTheNextDelivery).await;
            self.check_settled(case);
        }
        let wrong = std::mem::take(&mut self.wire.state().ledger.wrong);
        assert!(wrong.is_empty(), "{case:#?}\n{wrong:#?}");
        let seen = self.wire.state().seen.iter().copied().collect();
        Came { seen, was_killed }
    }

    /// One delivery; `false` if the process was killed in it.
    async fn deliver(&self, case: &Case, event: &str) -> bool {
        let wire = &self.wire;
        wire.state().begin_delivery();
        let was_done: Vec<_> = (0..3).map(|n| wire.state().row(n).is("COMPLETED")).collect();
        let answered = {
            let running = self.pipeline.run_event(event, self.pipeline.invocation(Some(TIME)));
            match select(std::pin::pin!(running), std::pin::pin!(wire.killed())).await {
                Either::Left((report, _)) => Some(report.expect("an SQS event")),
                Either::Right(_) => None,
            }
        };
        // Before what is still under way arrives: an answer stands on what was there when it left.
        if let Some(report) = &answered {
            self.check(case, report, &was_done);
        }
        wire.quiet().await;
        answered.is_some()
    }

    fn check(&self, case: &Case, report: &Report, was_done: &[bool]) {
        let mut state = self.wire.state();
        let runs = self.runs.lock().expect("no panic").clone();
        let mut wrong = Vec::new();
        let records: Vec<_> = report.records().collect();
        let mut must = |holds: bool, n: usize, rule: &str| {
            if !holds {
                let (outcome, row) = (records.get(n).map(|record| record.outcome), state.row(n));
                let reason = outcome.and_then(|outcome| outcome.reason()).map(ToString::to_string);
                let delivery = state.delivery;
                wrong.push(format!(
                    "{rule}: delivery {delivery}, record {n}: {outcome:?}, {reason:?}, {row:?}, {runs:?}"
                ));
            }
        };
        must(records.len() == 3, 0, "I10: one outcome for each record");
        let failures: Vec<_> = records.iter().filter(|r| r.outcome.is_failure()).filter_map(|r| r.message_id).collect();
        must(returned(report) == failures, 0, "I11, I12, I13: the answer names the failures and nothing else");
        for (n, record) in records.iter().enumerate() {
            let here: Vec<_> = runs.iter().filter(|run| run.record == n && run.delivery == state.delivery).collect();
            let (row, outcome, class) =
                (state.row(n), record.outcome, record.outcome.reason().map(|reason| reason.class()));
            must(here.len() == usize::from(record.runs) && here.len() <= 1, n, "a record runs at most once");
            must(!outcome.is_success() || row.is("COMPLETED"), n, "I4: a success is in the table");
            match outcome.name() {
                "done" => {
                    let committed = here.iter().any(|run| run.succeeds && run.owner.to_text() == row.owner());
                    must(committed, n, "I4: done means committed by this attempt");
                }
                "already done" => {
                    must(was_done[n] && here.is_empty(), n, "I4: already done means that it was");
                }
                "in progress elsewhere" => {
                    must(!state.owners.contains(row.owner()), n, "I5: nobody is blocked by its own claim");
                }
                _ => {}
            }
            must(!was_done[n] || here.is_empty(), n, "I2: what is done does not run");
            let is_store_down = matches!(
                class,
                Some(ReasonClass::StoreUnavailable | ReasonClass::ClaimUnknown | ReasonClass::StoreCorrupt)
            );
            must(!is_store_down || here.is_empty(), n, "I21: without a claim nothing runs");
            if state.delivery == 1 {
                must(oracle::agrees(case, n, outcome.name(), class, here.len()), n, "the expected outcome");
            }
        }
        for n in 0..3 {
            let fences: Vec<_> = runs.iter().filter(|run| run.record == n).map(|run| run.fence).collect();
            must(fences.is_sorted_by(|earlier, later| earlier < later), n, "I9: fencing tokens grow");
        }
        state.ledger.wrong.extend(wrong);
    }

    /// I28: no lease lives and no fault is left, so one delivery settles everything.
    fn check_settled(&self, case: &Case) {
        let mut state = self.wire.state();
        let mut wrong = Vec::new();
        for n in 0..3 {
            let commits = usize::from(n < 2 || !case.panics);
            let status = if commits == 1 { "COMPLETED" } else { "RELEASED" };
            // A late claim may have put the third one in progress again, until its lease is over.
            let is_settled = state.row(n).is(status) || (commits == 0 && state.row(n).is("INPROGRESS"));
            if !is_settled || state.ledger.commits(&state.keys[n]) != commits {
                let key = &state.keys[n];
                wrong.push(format!(
                    "I1, I28: record {n} has {} commits and is {:?}",
                    state.ledger.commits(key),
                    state.row(n)
                ));
            }
        }
        state.ledger.wrong.extend(wrong);
    }
}

/// A consumer over a client of its own.
fn process(wire: &Wire, runs: &Runs, panics: &Arc<AtomicBool>) -> Pipeline {
    let store = DynamoDbStore::new(wire.client(), Table::new(TABLE)).clock(wire.clock().clone());
    let (seen, runs, panics) = (wire.clone(), Arc::clone(runs), Arc::clone(panics));
    let consumer = Consumer::new(move |Granted(lease): Granted, body: Body| {
        let panics = panics.load(SeqCst);
        let ended = {
            let mut state = seen.state();
            let (record, delivery) = (body.parse().expect("a place in the batch"), state.delivery);
            let ended = behave(record, delivery, panics);
            let (owner, fence, row) = (lease.owner(), lease.fencing_token(), state.row(record));
            let is_held = row.is("INPROGRESS") && row.owner() == owner.to_text() && row.fence() == fence.0;
            if !is_held {
                state.ledger.wrong.push(format!("a handler runs under its own claim: {lease:?}, {row:?}"));
            }
            let run = Run { record, delivery, owner, fence, succeeds: matches!(ended, End::Succeeds) };
            runs.lock().expect("no panic").push(run);
            ended
        };
        async move {
            match ended {
                End::Succeeds => Ok(()),
                End::Fails => Err(Failure::retry("asked to fail")),
                End::IsRejected => Err(Failure::reject("asked to be rejected")),
                End::Panics => std::panic::resume_unwind(Box::new("asked to panic")),
            }
        }
    });
    let consumer = consumer.idempotency(Idempotency::new(store)).clock(wire.clock().clone());
    Pipeline::new(consumer).expect("idempotency is said")
}

enum End {
    Succeeds,
    Fails,
    IsRejected,
    Panics,
}

/// The first message succeeds, the second fails once, the third panics always or is rejected once.
fn behave(record: usize, delivery: u32, panics: bool) -> End {
    match (record, delivery) {
        (2, _) if panics => End::Panics,
        (2, 1) => End::IsRejected,
        (1, 1) => End::Fails,
        _ => End::Succeeds,
    }
}

impl Case {
    /// The fault at this operation.
    pub(super) fn fault_at(&self, stage: Stage, record: usize) -> Option<Fault> {
        self.faults.iter().find(|(at, _)| at.stage == stage && at.record == record).map(|(_, fault)| *fault)
    }
}
