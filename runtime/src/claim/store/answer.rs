//! What a store answers.

use super::{RowState, StoreError, StoredResult};
use crate::claim::Lease;

/// What a claim came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClaimAnswer {
    /// Granted: the handler may run.
    Acquired(Lease),
    /// Another attempt holds it until then (milliseconds since 1970).
    InProgress {
        /// The end of the other's lease.
        lease_expires_at_ms: u64,
    },
    /// Done before, with the same payload.
    Completed {
        /// What its handler returned, where that is kept.
        result: StoredResult,
    },
    /// Done before, with another payload under the same key.
    KeyConflict,
    /// The same payload was rejected before by the same version of the handler.
    RejectedBefore {
        /// The class of that failure, and what it said.
        error: Option<Box<str>>,
    },
    /// The store refused or could not be reached; nothing was written.
    Unavailable(StoreError),
    /// The write may have landed, or may land later.
    Unknown(StoreError),
    /// The row is not one that this crate understands. Nothing was overwritten.
    Corrupt,
}

/// What a completion came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum CompleteAnswer {
    /// Recorded, now or by an earlier copy of the same request.
    Committed,
    /// Another attempt recorded the same payload first.
    CompletedElsewhere,
    /// Another attempt recorded another payload under the same key.
    KeyConflict,
    /// The row is no longer this lease's: taken over, released, or gone.
    LeaseLost,
    /// It may have been recorded.
    Unknown(StoreError),
}

/// What became of a write that only the holder of a lease may do.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeldAnswer {
    /// Written.
    Written,
    /// The row is no longer this lease's; nothing was written.
    LeaseLost,
    /// It may have been written.
    Unknown(StoreError),
}

/// What a renewal came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum RenewAnswer {
    /// The lease is held until then, milliseconds since 1970.
    Held {
        /// Its end.
        lease_expires_at_ms: u64,
    },
    /// Another attempt has the row: stop the handler.
    LeaseLost,
    /// It may have been renewed: go on until the end that is known.
    Unknown(StoreError),
}

/// What a read found.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadAnswer {
    /// No row.
    Nothing,
    /// This row.
    Row(RowState),
    /// A row that this crate does not understand.
    Corrupt,
    /// The store refused or could not be reached.
    Unavailable(StoreError),
}
