//! Forgetting a rejection by hand, for a fault that was in the data.

use super::{Row, Status};

/// Only a rejection: a success is never undone, and a claim belongs to its owner.
pub(crate) fn allows(row: Option<&Row>) -> bool {
    row.is_some_and(|row| row.status == Status::Failed)
}

/// The row of a rejection that was forgotten.
pub(crate) fn forgotten(row: &Row, now_ms: u64) -> Row {
    Row { status: Status::Released, since_ms: now_ms, attempts: 0, error: None, ..row.clone() }
}
