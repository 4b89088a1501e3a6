//! What is stored for a key.

use super::{FencingToken, Owner, PayloadHash};

/// One idempotency row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) status: Status,
    pub(super) owner: Owner,
    pub(super) fence: FencingToken,
    /// Grants in a row that ended neither in a release nor in a completion: a hint of a crash loop, never a verdict.
    pub(super) attempts: u32,
    /// When the row may be forgotten, seconds since 1970. Compared by every operation: deletion comes late.
    pub(super) expires_at_s: u64,
    pub(super) payload_hash: PayloadHash,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress { lease_expires_at_ms: u64 },
    Completed,
    Released,
}
