//! The claim: puts a key in progress.

use super::{Found, Row, Status, Write};
use crate::claim::{
    FencingToken, Lease,
    store::{ClaimAnswer, ClaimRequest, StoreError, StoredResult},
};

/// How far clocks of two machines may differ; appears only where a lease is taken over.
pub(crate) const SKEW_MS: u64 = 1_000;

/// The condition of the claiming write.
pub(crate) fn allows(row: Option<&Row>, request: &ClaimRequest, now_ms: u64) -> bool {
    let Some(row) = row else { return true };
    row.is_expired(now_ms)
        || match row.status {
            // Not to its own former owner: that would be a late copy of a request whose claim is over.
            Status::Released => row.owner != request.owner,
            Status::InProgress { lease_expires_at_ms } => lease_expires_at_ms < now_ms.saturating_sub(SKEW_MS),
            Status::Failed => {
                row.payload_hash != request.payload_hash || !is_same_version(row.version.as_deref(), request)
            }
            Status::Completed => false,
        }
}

/// Unknown versions are never the same: what `$LATEST` rejected may be right after the next deployment.
pub(super) fn is_same_version(row: Option<&str>, request: &ClaimRequest) -> bool {
    request.version.is_some() && row == request.version.as_deref()
}

/// The row of a granted claim. Its fence starts at the clock, so that numbers go on growing when a row was forgotten.
pub(crate) fn granted(row: Option<&Row>, request: &ClaimRequest, now_ms: u64) -> Row {
    Row {
        status: Status::InProgress { lease_expires_at_ms: request.lease_expires_at_ms },
        owner: request.owner,
        fence: FencingToken(row.map_or(now_ms, |row| row.fence.0).saturating_add(1)),
        since_ms: now_ms,
        attempts: row.map_or(0, |row| row.attempts).saturating_add(1),
        expires_at_s: request.expires_at_s,
        payload_hash: request.payload_hash,
        version: request.version.clone(),
        result: StoredResult::Nothing,
        error: None,
    }
}

/// What the write's result means.
pub(crate) fn answer(write: Write<Row>, request: &ClaimRequest) -> ClaimAnswer {
    match write {
        Write::Written(row) => ClaimAnswer::Acquired(lease(&row, request, request.lease_expires_at_ms)),
        Write::Refused(Found::Row(row)) => met(row, request),
        Write::Refused(Found::Corrupt) => ClaimAnswer::Corrupt,
        // There was a row, since it refused; what it said is not known.
        Write::Refused(Found::Nothing) => ClaimAnswer::Unknown(StoreError::new("refused by a row that is gone")),
    }
}

/// What a claim means that met this row, by a refusal or by a read.
fn met(row: Row, request: &ClaimRequest) -> ClaimAnswer {
    match row.status {
        // The reply to this very request was lost and it was sent again: the claim is ours.
        Status::InProgress { lease_expires_at_ms } if row.owner == request.owner => {
            ClaimAnswer::Acquired(lease(&row, request, lease_expires_at_ms))
        }
        Status::InProgress { lease_expires_at_ms } => ClaimAnswer::InProgress { lease_expires_at_ms },
        Status::Completed if row.payload_hash == request.payload_hash => ClaimAnswer::Completed { result: row.result },
        Status::Completed => ClaimAnswer::KeyConflict,
        Status::Failed => ClaimAnswer::RejectedBefore { error: row.error },
        Status::Released => ClaimAnswer::InProgress { lease_expires_at_ms: 0 },
    }
}

/// What a consistent read says about a claim whose own answer is unknown: the claim if it landed, a commit if there is one,
/// else nothing.
#[cfg_attr(
    not(any(test, feature = "dynamodb", feature = "redis", feature = "testkit")),
    expect(dead_code, reason = "for stores whose requests can get lost")
)]
pub(crate) fn healed(found: Found, request: &ClaimRequest, now_ms: u64) -> Option<ClaimAnswer> {
    match found {
        Found::Row(row) if row.is_expired(now_ms) => None,
        Found::Row(row) if row.owner == request.owner || row.status == Status::Completed => Some(met(row, request)),
        Found::Corrupt => Some(ClaimAnswer::Corrupt),
        Found::Row(_) | Found::Nothing => None,
    }
}

fn lease(row: &Row, request: &ClaimRequest, expires_at_ms: u64) -> Lease {
    Lease::granted(request, row.fence, row.attempts, expires_at_ms)
}
