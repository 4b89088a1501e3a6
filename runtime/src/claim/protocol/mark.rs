//! The mark: records a success that no claim preceded, for handlers that are idempotent by nature. Its condition is the
//! claim's.

use super::{Row, Status, Write, claim, success_answer};
use crate::claim::store::{CompleteAnswer, MarkRequest};

/// The row of a marked success.
pub(crate) fn marked(row: Option<&Row>, request: &MarkRequest, now_ms: u64) -> Row {
    let result = request.result.clone();
    Row { status: Status::Completed, attempts: 0, result, ..claim::granted(row, &request.claim, now_ms) }
}

/// What the write's result means. Refused by another's living lease it is a failure, never a success.
pub(crate) fn answer<W>(write: &Write<W>, request: &MarkRequest) -> CompleteAnswer {
    success_answer(write, request.claim.owner, request.claim.payload_hash)
}
