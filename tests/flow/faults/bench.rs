//! Runs cases to their end, one after the other, against one server.

use std::time::Duration;

use futures_util::future::{Either, select};
use serde_json::json;
use sqs_runtime::{claim::IdempotencyKey, run::Pipeline};

use super::{
    case::{Came, Case},
    check::{self, Answered},
    fault::Applied,
    handler::{Doing, Shared, process},
    state::State,
    way::Way,
    wire::{TIME, Wire},
};
use crate::support::{event, record};

/// Longer than any lease and any skew.
const PAST_EVERY_LEASE: Duration = Duration::from_secs(120);

pub(super) struct Bench {
    way: Way,
    wire: Wire,
    pipeline: Pipeline,
    doing: Shared,
    processes: u64,
    pub(super) cases: usize,
}

impl Bench {
    pub(super) fn new(way: Way) -> Self {
        let (wire, doing) = (Wire::new(), Shared::default());
        let pipeline = process(way, &wire, &doing, 0);
        Self { way, wire, pipeline, doing, processes: 1, cases: 0 }
    }

    /// Runs one case to its end; panics where an invariant does not hold.
    pub(super) async fn run(&mut self, case: &Case) -> Came {
        self.cases += 1;
        let ids = [0, 1, 2].map(|n| format!("case-{}-{n}", self.cases));
        let keys = ids.iter().map(|id| IdempotencyKey::derive("orders", &[id.as_bytes()]).as_str().to_owned());
        *self.wire.state() = State::new(self.way, keys.collect(), case.faults.clone(), case.kill);
        *self.doing.lock().expect("no panic") = Doing { turn: case.turn, runs: Vec::new() };

        let was_killed = !self.deliver(case, &ids).await;
        // What refused business writes until now does not any more.
        let keys = self.wire.state().keys.clone();
        keys.iter().for_each(|key| self.wire.server().open(key));
        self.wire.land(Applied::AfterTheAnswer);
        if was_killed {
            // Another process goes on, with nothing of the old one.
            self.pipeline = process(self.way, &self.wire, &self.doing, self.processes);
            self.processes += 1;
        }
        if case.turn.comes_back_at_once {
            self.deliver(case, &ids).await;
            self.wire.land(Applied::InTheNextDelivery);
        }
        // A pair is left alone once it is settled; all else comes back once more.
        let deliveries = if case.faults.len() > 1 { 1 } else { 2 };
        for _ in 0..deliveries {
            tokio::time::advance(PAST_EVERY_LEASE).await;
            self.deliver(case, &ids).await;
            self.wire.land(Applied::InTheNextDelivery);
            check::settled(self.way, case, &mut self.wire.state());
        }
        let wrong = std::mem::take(&mut self.wire.state().ledger.wrong);
        assert!(wrong.is_empty(), "{:?}: {case:#?}\n{wrong:#?}", self.way);
        let state = self.wire.state();
        Came { seen: state.seen.iter().copied().collect(), requests: state.requests, was_killed }
    }

    /// Says how many cases there were.
    #[expect(clippy::print_stdout, reason = "what a test says of itself")]
    pub(super) fn said(&self, name: &str) -> usize {
        println!("{:?}, {name}: {} cases", self.way, self.cases);
        self.cases
    }

    /// One delivery; `false` if the process was killed in it.
    async fn deliver(&self, case: &Case, ids: &[String; 3]) -> bool {
        let wire = &self.wire;
        wire.state().begin_delivery();
        let was_done: Vec<_> = (0..3).map(|n| wire.state().row(n).is("COMPLETED")).collect();
        let event = self.event(case, ids, wire.state().delivery);
        let answered = {
            let running = self.pipeline.run_event(event, self.pipeline.invocation(Some(TIME)));
            match select(std::pin::pin!(running), std::pin::pin!(wire.killed())).await {
                Either::Left((report, _)) => Some(report.expect("an SQS event")),
                Either::Right(_) => None,
            }
        };
        // Before what is still under way arrives: an answer stands on what was there when it left.
        if let Some(report) = &answered {
            let runs = self.doing.lock().expect("no panic").runs.clone();
            let answered = Answered { way: self.way, case, report, was_done: &was_done, runs: &runs };
            answered.check(&mut wire.state());
        }
        wire.quiet().await;
        answered.is_some()
    }

    fn event(&self, case: &Case, ids: &[String; 3], delivery: u32) -> String {
        let received = if self.way.counts_receives() { delivery } else { 1 } + u32::from(case.turn.came_before);
        let records = [0, 1, 2].map(|n| {
            let mut record = record(&ids[n], &n.to_string());
            record["attributes"]["ApproximateReceiveCount"] = json!(received.to_string());
            record
        });
        event(&records)
    }
}
