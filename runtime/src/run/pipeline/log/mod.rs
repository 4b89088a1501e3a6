//! What a batch leaves in the log: a line for each failure, within limits, and one for the whole; nothing of a payload.

mod limit;

use std::time::Duration;

use self::limit::InBatch;
pub(super) use self::limit::Limit;
use super::{RecordReport, Report};
use crate::{
    batch::{Batch, loggable},
    outcome::Outcome,
};

/// The level of an event is part of its call.
macro_rules! summary {
    ($level:ident, $report:expr, $unnamed:expr) => {{
        let (report, count) = ($report, |name| count($report, name));
        tracing::event!(
            tracing::Level::$level,
            queue = &*report.batch().queue_arn(0).and_then(|arn| arn.name()).map_or("none".into(), loggable),
            received = report.batch().len(),
            done = count("done"),
            alreadyDone = count("already done"),
            retried = count("retry"),
            rejected = count("rejected"),
            inProgressElsewhere = count("in progress elsewhere"),
            notStarted = count("not started"),
            deadLettered = report.records().filter(|record| record.outcome.is_dead_lettered()).count(),
            unnamedFailures = $unnamed,
            durationMs = milliseconds(report.duration()),
            "a batch ended"
        );
    }};
}

/// Logs what became of a batch. Where all went well, a worker says so only to those who look for it: it has a batch for each receive.
pub(super) fn tell(report: &Report, limit: &mut Limit, now: Duration, is_worker: bool) {
    let mut in_batch = InBatch::default();
    let is_well = |record: &RecordReport<'_>| matches!(record.outcome, Outcome::Done | Outcome::AlreadyDone);
    for record in report.records().filter(|record| !is_well(record)) {
        let class = record.outcome.reason().map(|reason| reason.class().name());
        if in_batch.admits((record.outcome.name(), class), limit, now) {
            failure(report.batch(), &record);
        }
    }
    match (report.records().all(|record| is_well(&record)), is_worker) {
        (true, true) => summary!(DEBUG, report, in_batch.unnamed),
        (true, false) => summary!(INFO, report, in_batch.unnamed),
        (false, _) => summary!(WARN, report, in_batch.unnamed),
    }
}

fn failure(batch: &Batch, record: &RecordReport<'_>) {
    let RecordReport { index, outcome, runs, .. } = *record;
    tracing::warn!(
        messageId = &*record.message_id.map_or("none".into(), loggable),
        messageGroupId = batch.message_group_id(index).map(loggable).as_deref(),
        receiveCount = batch.receive_count(index),
        outcome = outcome.name(),
        errorKind = outcome.reason().map(|reason| reason.class().name()),
        error = outcome.reason().map(tracing::field::display),
        durationMs = milliseconds(record.duration),
        runs,
        "a message did not succeed"
    );
}

fn count(report: &Report, outcome: &str) -> usize {
    report.records().filter(|record| record.outcome.name() == outcome).count()
}

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}
