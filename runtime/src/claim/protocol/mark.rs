//! The mark: records a success that no claim preceded, for handlers that are idempotent by nature. Its condition is the
//! claim's.

use super::{Row, Status, Write, claim, success_answer};
use crate::claim::store::{ClaimRequest, CompleteAnswer};

/// The row of a marked success.
pub(crate) fn marked(row: Option<&Row>, request: &ClaimRequest, now_ms: u64) -> Row {
    Row { status: Status::Completed, attempts: 0, ..claim::granted(row, request, now_ms) }
}

/// What the write's result means. Refused by another's living lease it is a failure, never a success.
pub(crate) fn answer<W>(write: &Write<W>, request: &ClaimRequest) -> CompleteAnswer {
    success_answer(write, request.owner, request.payload_hash)
}
