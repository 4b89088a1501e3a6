//! What a store must do. Small on purpose: the meaning is in the protocol, the store only makes it atomic.

use std::fmt;

use futures_util::future::BoxFuture;
use tower::BoxError;

use super::{FencingToken, IdempotencyKey, Lease, Owner, PayloadHash};

/// Where idempotency rows live.
///
/// Every operation takes what is pending together and gives **one answer for each element, in the same order**, so that a
/// store can let them travel together. Each element is a conditional write of its own: one that is refused does not touch
/// the others. An operation never fails as a whole; an element whose fate is not known is answered as unknown.
///
/// An answer that is missing is taken as unknown, and what runs is then failed rather than run twice.
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Puts keys in progress where they are free, expired, released, or their lease has ended.
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest]) -> BoxFuture<'a, Vec<ClaimAnswer>>;

    /// Records successes, each only if its lease is still the one that holds the row. No clock decides: a late completion
    /// by the owner that is still registered is right.
    fn complete<'a>(&'a self, leases: &'a [Lease], expires_at_s: u64) -> BoxFuture<'a, Vec<CompleteAnswer>>;

    /// Gives claims up after a failure, each only if its lease still holds the row.
    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Vec<HeldAnswer>>;
}

/// Asks for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimRequest {
    /// The key; never twice in one call.
    pub key: IdempotencyKey,
    /// Who asks: new for every request.
    pub owner: Owner,
    /// When the lease shall end, milliseconds since 1970.
    pub lease_expires_at_ms: u64,
    /// When the row may be forgotten, seconds since 1970.
    pub expires_at_s: u64,
    /// The payload, to tell a repetition from a conflict.
    pub payload_hash: PayloadHash,
}

impl ClaimRequest {
    /// A request with these values.
    #[must_use]
    pub fn new(
        key: IdempotencyKey,
        owner: Owner,
        lease_expires_at_ms: u64,
        expires_at_s: u64,
        payload_hash: PayloadHash,
    ) -> Self {
        Self { key, owner, lease_expires_at_ms, expires_at_s, payload_hash }
    }
}

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
    Completed,
    /// Done before, with another payload under the same key.
    KeyConflict,
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
    /// The row is no longer this lease's: taken over, released, conflicting, or gone.
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

/// Why a store did not answer.
pub struct StoreError(BoxError);

impl StoreError {
    /// Wraps the store's own error, which must not carry keys or payloads in its text.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({})", self.0)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The fence that a first grant gets: the clock, so that numbers go on growing when a row was forgotten in between.
pub(super) fn next_fence(previous: Option<FencingToken>, now_ms: u64) -> FencingToken {
    FencingToken(previous.map_or(now_ms, |fence| fence.0).saturating_add(1))
}
