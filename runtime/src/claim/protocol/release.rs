//! The release: gives a claim up, so that the next delivery may have it at once.

use super::{Row, Status};

/// The row of a claim that was given up.
pub(crate) fn released(row: &Row) -> Row {
    Row { status: Status::Released, attempts: 0, ..row.clone() }
}
