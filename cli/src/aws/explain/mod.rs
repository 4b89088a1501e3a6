//! `explain`: what is remembered of a message, and what comes of it at the next delivery.

mod key;
mod next;
pub mod report;

use std::fmt;

use sqs_runtime::claim::{IdempotencyKey, IdempotencyStore, ReadAnswer, RowState, StoreError};

pub use self::{
    key::{NoKey, key},
    next::next,
};

/// Why nothing can be said.
#[derive(Debug)]
pub enum Unexplained {
    /// The table refused, or did not answer.
    Store(StoreError),
    /// There is a row which the runtime does not understand.
    Corrupt,
}

/// The row of a key, by a consistent read.
///
/// # Errors
///
/// If the row cannot be read, or not be understood.
pub async fn row(store: &dyn IdempotencyStore, key: &IdempotencyKey) -> Result<Option<RowState>, Unexplained> {
    match store.read(std::slice::from_ref(key), None).await.pop() {
        Some(ReadAnswer::Nothing) => Ok(None),
        Some(ReadAnswer::Row(row)) => Ok(Some(row)),
        Some(ReadAnswer::Unavailable(error)) => Err(Unexplained::Store(error)),
        Some(ReadAnswer::Corrupt) => Err(Unexplained::Corrupt),
        _ => Err(Unexplained::Store(StoreError::new("the table gave no answer"))),
    }
}

impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Corrupt => f.write_str(
                "the row is none of sqs-runtime's, by its schema or by an attribute; it is never written over, and each \
                 delivery of its message fails: give each writer a table, or keys, of its own",
            ),
        }
    }
}

impl std::error::Error for Unexplained {}
