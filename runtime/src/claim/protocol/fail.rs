//! The rejection: remembers that this payload cannot succeed under this version of the handler.

use super::{Row, Status};
use crate::claim::store::FailRequest;

/// The row of a rejection. It blocks only this payload under this version, so that a deployment and a redrive work.
pub(crate) fn failed(row: &Row, request: &FailRequest, now_ms: u64) -> Row {
    Row {
        status: Status::Failed,
        since_ms: now_ms,
        attempts: 0,
        version: Some(request.version.clone()),
        error: Some(request.error.clone()),
        ..row.clone()
    }
}
