//! What a batch leaves in the log: failures by class, bounded, without anything of a payload.

use std::collections::BTreeMap;

use super::Report;
use crate::{batch::loggable, outcome::Outcome};

/// How many messages of one outcome are named for each batch; the rest is counted.
const NAMED_PER_OUTCOME: usize = 5;

/// Logs what did not succeed. An outage fails every message of every batch: the log must not cost more than the outage.
pub(super) fn failures(report: &Report) {
    let mut counts = BTreeMap::new();
    for record in report.records().filter(|record| record.outcome.is_failure()) {
        let count = counts.entry(record.outcome.name()).or_insert(0_usize);
        *count += 1;
        if *count <= NAMED_PER_OUTCOME {
            let message_id = record.message_id.map(loggable);
            named(message_id.as_deref().unwrap_or("none"), record.outcome, record.runs);
        }
    }
    for (outcome, count) in counts.into_iter().filter(|(_, count)| *count > NAMED_PER_OUTCOME) {
        tracing::warn!(outcome, messages = count - NAMED_PER_OUTCOME, "more messages did not succeed");
    }
}

fn named(message_id: &str, outcome: &Outcome, runs: u16) {
    let class = outcome.reason().map(|reason| tracing::field::debug(reason.class()));
    let reason = outcome.reason().map(tracing::field::display);
    tracing::warn!(message_id, outcome = outcome.name(), class, reason, runs, "a message did not succeed");
}
