//! The read before a claim: spares the write that would be refused, and decides nothing that the write would not.

use super::claim::{self, SKEW_MS};
use crate::claim::{ClaimAnswer, ClaimRequest, ReadAnswer, RowState, RowStatus};

/// What a read says about a claim that was not sent yet; `None` where only the claim can tell.
pub(crate) fn answer(read: ReadAnswer, request: &ClaimRequest, now_ms: u64) -> Option<ClaimAnswer> {
    match read {
        ReadAnswer::Nothing => None,
        ReadAnswer::Row(row) if row.is_expired(now_ms) => None,
        ReadAnswer::Row(row) => refusal(row, request, now_ms),
        ReadAnswer::Corrupt => Some(ClaimAnswer::Corrupt),
        ReadAnswer::Unavailable(error) => Some(ClaimAnswer::Unavailable(error)),
    }
}

/// How this row would refuse the claim; `None` where it would not.
fn refusal(row: RowState, request: &ClaimRequest, now_ms: u64) -> Option<ClaimAnswer> {
    let is_same = row.payload_hash == request.payload_hash;
    match row.status {
        RowStatus::Completed { result } if is_same => Some(ClaimAnswer::Completed { result }),
        RowStatus::Completed { .. } => Some(ClaimAnswer::KeyConflict),
        RowStatus::InProgress { lease_expires_at_ms } => (lease_expires_at_ms >= now_ms.saturating_sub(SKEW_MS))
            .then_some(ClaimAnswer::InProgress { lease_expires_at_ms }),
        RowStatus::Rejected { error } => (is_same && claim::is_same_version(row.version.as_deref(), request))
            .then_some(ClaimAnswer::RejectedBefore { error }),
        RowStatus::Released => None,
    }
}
