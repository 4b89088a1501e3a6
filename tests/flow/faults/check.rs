//! What must hold when a delivery is answered, and when all is settled.

use sqs_runtime::{
    claim::FencingToken,
    outcome::ReasonClass,
    run::{RecordReport, Report},
};

use super::{case::Case, handler::Run, oracle, row::Row, state::State, way::Way};
use crate::support::returned;

/// A delivery that was answered.
pub(super) struct Answered<'a> {
    pub(super) way: Way,
    pub(super) case: &'a Case,
    pub(super) report: &'a Report,
    /// Whether each record was done before it.
    pub(super) was_done: &'a [bool],
    /// All runs of the case.
    pub(super) runs: &'a [Run],
}

impl Answered<'_> {
    pub(super) fn check(&self, state: &mut State) {
        let mut wrong = Vec::new();
        let records: Vec<_> = self.report.records().collect();
        let failures: Vec<_> = records.iter().filter(|r| r.outcome.is_failure()).filter_map(|r| r.message_id).collect();
        if records.len() != 3 {
            wrong.push("I10: one outcome for each record".to_owned());
        }
        if returned(self.report) != failures {
            wrong.push("I11, I12, I13: the answer names the failures and nothing else".to_owned());
        }
        for (n, record) in records.iter().enumerate() {
            let row = state.row(n);
            for rule in self.broken(state, n, record, &row) {
                let (outcome, reason) = (record.outcome, record.outcome.reason().map(ToString::to_string));
                let (delivery, runs) = (state.delivery, self.runs);
                wrong.push(format!(
                    "{rule}: delivery {delivery}, record {n}: {outcome:?}, {reason:?}, {row:?}, {runs:?}"
                ));
            }
        }
        state.ledger.wrong.extend(wrong);
    }

    /// The rules that this record breaks.
    fn broken(&self, state: &State, n: usize, record: &RecordReport<'_>, row: &Row) -> Vec<&'static str> {
        let here: Vec<_> = self.runs.iter().filter(|run| run.record == n && run.delivery == state.delivery).collect();
        let (outcome, class) = (record.outcome, record.outcome.reason().map(|reason| reason.class()));
        let is_store_down = matches!(
            class,
            Some(ReasonClass::StoreUnavailable | ReasonClass::ClaimUnknown | ReasonClass::StoreCorrupt)
        );
        let fences: Vec<FencingToken> =
            self.runs.iter().filter(|run| run.record == n).filter_map(Run::fencing_token).collect();
        let is_expected =
            state.delivery > 1 || oracle::agrees(self.way, self.case, n, (outcome.name(), class, here.len()));
        let rules = [
            (here.len() == usize::from(record.runs) && here.len() <= 1, "a record runs at most once"),
            (!outcome.is_success() || row.is("COMPLETED"), "I4: a success is in the table"),
            (
                outcome.name() != "done" || here.iter().any(|run| self.is_committed_by(run, row, state)),
                "I4: done means committed by this attempt",
            ),
            (
                outcome.name() != "already done" || self.was_done_by_another(n, &here, row, state),
                "I4: already done means that it was",
            ),
            (
                outcome.name() != "in progress elsewhere" || !state.owners.contains(row.owner()),
                "I5: nobody is blocked by its own claim",
            ),
            (!self.was_done[n] || here.is_empty(), "I2: what is done does not run"),
            (!is_store_down || here.is_empty(), "I21: without a claim or a read nothing runs"),
            (is_expected, "the expected outcome"),
            (fences.is_sorted_by(|earlier, later| earlier < later), "I9: fencing tokens grow"),
        ];
        rules.into_iter().filter(|(holds, _)| !holds).map(|(_, rule)| rule).collect()
    }

    fn is_committed_by(&self, run: &Run, row: &Row, state: &State) -> bool {
        let is_owner = match &run.lease {
            Some(lease) => lease.owner().to_text() == row.owner(),
            // A mark's owner is known to the wire alone.
            None => state.owners.contains(row.owner()),
        };
        run.succeeds && is_owner
    }

    /// Without a claim it may turn out after the run.
    fn was_done_by_another(&self, n: usize, here: &[&Run], row: &Row, state: &State) -> bool {
        let by_another = !state.owners.contains(row.owner());
        match here.len() {
            0 if self.was_done[n] => true,
            // Behind the statement that was refused, and before the claim that decides.
            0 => self.way.has_company() && by_another,
            runs => !self.way.claims() && runs == 1 && by_another,
        }
    }
}

/// I28: no lease lives and no fault is left, so one delivery settles everything.
pub(super) fn settled(way: Way, case: &Case, state: &mut State) {
    let mut wrong = Vec::new();
    for n in 0..3 {
        let (row, committed) = (state.row(n), state.ledger.commits(&state.keys[n]));
        let commits = usize::from(n < 2 || !case.turn.panics);
        let is_settled = match commits {
            1 => row.is("COMPLETED"),
            // A late claim may have put the third one in progress again, until its lease is over.
            _ if way.claims() => row.is("RELEASED") || row.is("INPROGRESS"),
            _ => row.is_absent(),
        };
        if !is_settled || committed != commits {
            wrong.push(format!("I1, I28: record {n} has {committed} commits and is {row:?}"));
        }
    }
    state.ledger.wrong.extend(wrong);
}
