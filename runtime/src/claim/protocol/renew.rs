//! The renewal: moves a lease's end.

use super::{Found, Row, Status, Write, holds};
use crate::claim::{Lease, store::RenewAnswer};

/// A late packet must not shorten a lease.
pub(crate) fn allows(row: Option<&Row>, lease: &Lease, until_ms: u64) -> bool {
    holds(row, lease) && end_of(row) < until_ms
}

fn end_of(row: Option<&Row>) -> u64 {
    match row.map(|row| row.status) {
        Some(Status::InProgress { lease_expires_at_ms }) => lease_expires_at_ms,
        _ => u64::MAX,
    }
}

/// The row of a lease that goes on.
pub(crate) fn renewed(row: &Row, until_ms: u64) -> Row {
    Row { status: Status::InProgress { lease_expires_at_ms: until_ms }, ..row.clone() }
}

/// What the write's result means: refused with a later end of the same lease, it is still held.
pub(crate) fn answer<W>(write: &Write<W>, lease: &Lease, until_ms: u64) -> RenewAnswer {
    match write {
        Write::Written(_) => RenewAnswer::Held { lease_expires_at_ms: until_ms },
        Write::Refused(Found::Row(row)) if holds(Some(row), lease) => {
            RenewAnswer::Held { lease_expires_at_ms: end_of(Some(row)) }
        }
        Write::Refused(_) => RenewAnswer::LeaseLost,
    }
}
