//! `forget`: takes back a rejection that is remembered, for a fault that was in the data.
//!
//! By the protocol's own conditional write. A success is never undone, and a claim belongs to its owner: neither is offered here.

use sqs_runtime::claim::{IdempotencyKey, IdempotencyStore, RowState, RowStatus};

use super::explain::{Unexplained, row};

/// What came of it.
#[derive(Debug)]
pub enum Forgotten {
    /// The rejection is taken back: the next delivery runs.
    Yes,
    /// It would have been; nothing was written.
    Would(RowState),
    /// The row is no rejection; nothing was written.
    NoRejection(RowState),
    /// There is no row.
    NoRow,
    /// It was changed between being read and being written.
    Changed,
}

/// Forgets the rejection of a key, or only looks whether there is one.
///
/// # Errors
///
/// If the row cannot be read, understood or written.
pub async fn forget(
    store: &dyn IdempotencyStore,
    key: &IdempotencyKey,
    is_meant: bool,
) -> Result<Forgotten, Unexplained> {
    Ok(match row(store, key).await? {
        None => Forgotten::NoRow,
        Some(row) if !matches!(row.status, RowStatus::Rejected { .. }) => Forgotten::NoRejection(row),
        Some(row) if !is_meant => Forgotten::Would(row),
        Some(_) => match store.forget(key).await.map_err(Unexplained::Store)? {
            true => Forgotten::Yes,
            false => Forgotten::Changed,
        },
    })
}

/// Why a row that is no rejection is left alone.
#[must_use]
pub fn why_not(status: &RowStatus) -> &'static str {
    match status {
        RowStatus::Completed { .. } => {
            "it is done, and a success is never undone: processes remember it too; to do the work once more, send it under another key"
        }
        RowStatus::InProgress { .. } => {
            "it is in progress, and that belongs to whoever holds the lease: wait for its end"
        }
        RowStatus::Released => "there is nothing to forget: it is released, and the next delivery runs",
        _ => "only a rejection can be forgotten",
    }
}
