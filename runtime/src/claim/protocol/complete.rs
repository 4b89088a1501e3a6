//! The completion: records a success.

use super::{Row, Status, Write, success_answer};
use crate::claim::store::{CompleteAnswer, CompleteRequest};

/// The row of a success.
pub(crate) fn completed(row: &Row, request: &CompleteRequest, now_ms: u64) -> Row {
    Row {
        status: Status::Completed,
        since_ms: now_ms,
        attempts: 0,
        expires_at_s: request.expires_at_s,
        result: request.result.clone(),
        ..row.clone()
    }
}

/// What the write's result means.
pub(crate) fn answer<W>(write: &Write<W>, request: &CompleteRequest) -> CompleteAnswer {
    success_answer(write, request.lease.owner, request.lease.payload_hash)
}
