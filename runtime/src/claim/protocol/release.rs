//! The release: gives a claim up, so that the next delivery may have it at once.

use super::{Row, Status};

/// The row of a claim that was given up.
pub(crate) fn released(row: &Row, now_ms: u64) -> Row {
    Row { status: Status::Released, since_ms: now_ms, attempts: 0, ..row.clone() }
}
