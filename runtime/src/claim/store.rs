//! What a store must do. Small on purpose: the meaning is in the protocol, the store only makes it atomic.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tower::BoxError;

use super::{IdempotencyKey, Lease, Owner, PayloadHash};

/// Where idempotency rows live.
///
/// Every operation takes what is pending together and gives **one answer for each element, in the same order**, so that a
/// store can let them travel together. Each element is a conditional write of its own: one that is refused does not touch
/// the others. An operation never fails as a whole; an element whose fate is not known is answered as unknown.
///
/// An answer that is missing is taken as unknown, and what runs is then failed rather than run twice.
///
/// `time_left` is the time until the answer is of no use any more; `None` where nothing limits it. A store bounds its
/// requests by it.
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Puts keys in progress where they are free, expired, released, rejected otherwise, or their lease has ended.
    fn claim<'a>(
        &'a self,
        requests: &'a [ClaimRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<ClaimAnswer>>;

    /// Records successes, each only if its lease is still the one that holds the row. No clock decides: a late completion
    /// by the owner that is still registered is right.
    fn complete<'a>(
        &'a self,
        requests: &'a [CompleteRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>>;

    /// Gives claims up after a failure, each only if its lease still holds the row.
    fn release<'a>(&'a self, leases: &'a [Lease], time_left: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>>;

    /// Remembers rejections, each only if its lease still holds the row.
    fn fail<'a>(&'a self, requests: &'a [FailRequest], time_left: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>>;

    /// Moves the ends of leases, never back.
    fn renew<'a>(
        &'a self,
        requests: &'a [RenewRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<RenewAnswer>>;

    /// Records successes that no claim preceded, under the condition of a claim.
    fn mark<'a>(
        &'a self,
        requests: &'a [ClaimRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>>;

    /// Turns a remembered rejection into a released row, by hand. `true` if there was one.
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// A store that several consumers share.
impl<S: IdempotencyStore + ?Sized> IdempotencyStore for Arc<S> {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        (**self).claim(requests, time)
    }
    fn complete<'a>(
        &'a self,
        all: &'a [CompleteRequest],
        time: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        (**self).complete(all, time)
    }
    fn release<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        (**self).release(leases, time)
    }
    fn fail<'a>(&'a self, requests: &'a [FailRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        (**self).fail(requests, time)
    }
    fn renew<'a>(&'a self, requests: &'a [RenewRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        (**self).renew(requests, time)
    }
    fn mark<'a>(&'a self, requests: &'a [ClaimRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        (**self).mark(requests, time)
    }
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).forget(key)
    }
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
    /// The handler's version, where one is known: a remembered rejection of this version refuses the claim.
    pub version: Option<Box<str>>,
}

impl ClaimRequest {
    /// A request with these values, of a handler whose version is not known.
    #[must_use]
    pub fn new(
        key: IdempotencyKey,
        owner: Owner,
        lease_expires_at_ms: u64,
        expires_at_s: u64,
        payload_hash: PayloadHash,
    ) -> Self {
        Self { key, owner, lease_expires_at_ms, expires_at_s, payload_hash, version: None }
    }

    /// The same of a handler of that version.
    #[must_use]
    pub fn version(self, version: impl Into<Box<str>>) -> Self {
        Self { version: Some(version.into()), ..self }
    }
}

/// Records one success.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompleteRequest {
    /// The lease under which the work was done.
    pub lease: Lease,
    /// When the row may be forgotten, seconds since 1970.
    pub expires_at_s: u64,
    /// The handler's result, where it is kept.
    pub result: Option<Box<str>>,
}

impl CompleteRequest {
    /// A success whose result is not kept.
    #[must_use]
    pub fn new(lease: Lease, expires_at_s: u64) -> Self {
        Self { lease, expires_at_s, result: None }
    }

    /// The same with its result.
    #[must_use]
    pub fn result(self, result: impl Into<Box<str>>) -> Self {
        Self { result: Some(result.into()), ..self }
    }
}

/// Remembers one rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailRequest {
    /// The lease under which it was rejected.
    pub lease: Lease,
    /// The handler's version; another one may succeed.
    pub version: Box<str>,
    /// The class of the failure, never a text of the payload.
    pub error: Box<str>,
}

impl FailRequest {
    /// A rejection by that version.
    #[must_use]
    pub fn new(lease: Lease, version: impl Into<Box<str>>, error: impl Into<Box<str>>) -> Self {
        Self { lease, version: version.into(), error: error.into() }
    }
}

/// Moves the end of one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenewRequest {
    /// The lease.
    pub lease: Lease,
    /// Its new end, milliseconds since 1970.
    pub until_ms: u64,
}

impl RenewRequest {
    /// A renewal until then.
    #[must_use]
    pub fn new(lease: Lease, until_ms: u64) -> Self {
        Self { lease, until_ms }
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
    Completed {
        /// What its handler returned, where it was kept.
        result: Option<Box<str>>,
    },
    /// Done before, with another payload under the same key.
    KeyConflict,
    /// The same payload was rejected before by the same version of the handler.
    RejectedBefore {
        /// The class of that failure.
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
