//! The protocol, as pure functions: no I/O, no clock.
//!
//! One file for each conditional write. Each has the same three parts, whatever store it runs on:
//!
//! - `allows`: the condition over the stored row, as the write's condition expression states it;
//! - the row that is written where the condition holds;
//! - `answer`: what the write's result means.
//!
//! A store that evaluates conditions itself (memory) calls all three; one whose server evaluates them (DynamoDB) states
//! `allows` as an expression, and calls `answer`.

pub(crate) mod cancel;
pub(crate) mod claim;
pub(crate) mod complete;
pub(crate) mod fail;
pub(crate) mod forget;
pub(crate) mod mark;
pub(crate) mod read;
pub(crate) mod release;
pub(crate) mod renew;
mod row;

pub(crate) use self::row::{Found, Row, Status};

use super::{
    Lease, Owner, PayloadHash,
    store::{CompleteAnswer, HeldAnswer},
};

/// What a conditional write came to. `W` is what is known of the row that was written: the row itself where its fence was
/// made by the write, nothing where the caller knows it already.
#[derive(Clone, Debug)]
pub(crate) enum Write<W = ()> {
    /// The condition held.
    Written(W),
    /// The condition did not hold; this is what it met.
    Refused(Found),
}

/// The result of a conditional write on a row that the caller holds still: `next` where the condition holds.
pub(crate) fn write(row: Option<&Row>, next: Option<Row>) -> Write<Row> {
    next.map_or_else(|| Write::Refused(row.cloned().map_or(Found::Nothing, Found::Row)), Write::Written)
}

/// Whether the lease is the one that holds the row: its owner, its fence, and still in progress. No clock: a late write of
/// the owner that is still registered is right. The fence guards against a late copy of one's own earlier claim.
pub(crate) fn holds(row: Option<&Row>, lease: &Lease) -> bool {
    row.is_some_and(|row| {
        matches!(row.status, Status::InProgress { .. }) && row.owner == lease.owner && row.fence == lease.fence
    })
}

/// What a write means that only the holder of a lease may do, and that changes no outcome.
pub(crate) fn held_answer<W>(write: &Write<W>) -> HeldAnswer {
    match write {
        Write::Written(_) => HeldAnswer::Written,
        Write::Refused(_) => HeldAnswer::LeaseLost,
    }
}

/// What a write means that records a success, or what a consistent read says after an unknown one. A success of another's is
/// one only for the same payload.
pub(crate) fn success_answer<W>(write: &Write<W>, owner: Owner, payload_hash: PayloadHash) -> CompleteAnswer {
    match write {
        Write::Written(_) => CompleteAnswer::Committed,
        Write::Refused(Found::Row(row)) if row.status == Status::Completed => {
            if row.owner == owner {
                CompleteAnswer::Committed
            } else if row.payload_hash == payload_hash {
                CompleteAnswer::CompletedElsewhere
            } else {
                CompleteAnswer::KeyConflict
            }
        }
        Write::Refused(_) => CompleteAnswer::LeaseLost,
    }
}

#[cfg(any(test, feature = "testkit"))]
pub(crate) mod rules;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
