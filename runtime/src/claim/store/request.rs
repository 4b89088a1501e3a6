//! What a store is asked for.

use super::StoredResult;
use crate::claim::{IdempotencyKey, Lease, Owner, PayloadHash};

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
    /// A row of the key was seen: the claim will meet it. A hint, for stores that write a new row in another way.
    pub meets_row: bool,
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
        Self { key, owner, lease_expires_at_ms, expires_at_s, payload_hash, version: None, meets_row: false }
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
    /// What is kept of the handler's result.
    pub result: StoredResult,
}

impl CompleteRequest {
    /// A success whose result is not kept.
    #[must_use]
    pub fn new(lease: Lease, expires_at_s: u64) -> Self {
        Self { lease, expires_at_s, result: StoredResult::Nothing }
    }

    /// The same with its result.
    #[must_use]
    pub fn result(self, result: StoredResult) -> Self {
        Self { result, ..self }
    }
}

/// Records one success that no claim preceded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarkRequest {
    /// What a claim would ask for; its lease's end is of no use here.
    pub claim: ClaimRequest,
    /// What is kept of the handler's result.
    pub result: StoredResult,
}

impl MarkRequest {
    /// A success whose result is not kept.
    #[must_use]
    pub fn new(claim: ClaimRequest) -> Self {
        Self { claim, result: StoredResult::Nothing }
    }

    /// The same with its result.
    #[must_use]
    pub fn result(self, result: StoredResult) -> Self {
        Self { result, ..self }
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
    /// The class of the failure and what it said, as that stands in the log: of the payload no more than the handler's own words have.
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
