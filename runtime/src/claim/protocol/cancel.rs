//! The cancellation: a handler was stopped in mid-run. Its effects may still be landing, so that its lease stays until its end; but somebody
//! heard of it, so that its attempt is no hint of a crash.

use super::Row;

/// The row of a claim whose handler was stopped.
pub(crate) fn cancelled(row: &Row) -> Row {
    Row { attempts: 0, ..row.clone() }
}
