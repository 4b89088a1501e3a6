//! What a claim will say of a row: the protocol, in words.

use sqs_runtime::claim::{RowState, RowStatus};

/// By how much clocks may differ: only so long after its end a lease is taken over.
const SKEW_MS: u64 = 1_000;

/// What comes of the next delivery, by the time of that clock.
#[must_use]
pub fn next(row: Option<&RowState>, now_ms: u64) -> &'static str {
    let Some(row) = row else { return "the handler runs" };
    if row.is_expired(now_ms) {
        return "the handler runs, as if there were no row: its retention is over";
    }
    match &row.status {
        RowStatus::InProgress { lease_expires_at_ms } if is_living(*lease_expires_at_ms, now_ms) => {
            "in progress elsewhere: the message comes back, until the lease is over or its run is heard of"
        }
        RowStatus::InProgress { .. } => "the handler runs: the lease is over, and whoever comes next takes it over",
        RowStatus::Completed { .. } => {
            "already done: a success without a run; with another payload under this key it is rejected, as a key conflict"
        }
        RowStatus::Released => "the handler runs",
        RowStatus::Rejected { .. } => {
            "rejected without a run, by the same version and with the same payload; another version, or another payload, runs"
        }
        _ => "nobody can say: the row's status is newer than this command",
    }
}

/// Whether nobody else may take the lease over yet.
pub(super) fn is_living(lease_expires_at_ms: u64, now_ms: u64) -> bool {
    lease_expires_at_ms >= now_ms.saturating_sub(SKEW_MS)
}
