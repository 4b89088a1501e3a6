//! What is stored for a key.

use crate::claim::{FencingToken, Owner, PayloadHash};

/// One idempotency row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) status: Status,
    pub(crate) owner: Owner,
    /// Grows with every grant, also across a release.
    pub(crate) fence: FencingToken,
    /// Grants in a row that ended neither in a release nor in a completion: a hint of a crash loop, never a verdict. A lost
    /// reply or a deadline raises it too.
    pub(crate) attempts: u32,
    /// When the row may be forgotten, seconds since 1970. Every condition compares it: deletion comes late.
    pub(crate) expires_at_s: u64,
    pub(crate) payload_hash: PayloadHash,
    /// The handler version that claimed the row or rejected it, where one was known.
    pub(crate) version: Option<Box<str>>,
    /// The handler's result, where it was kept.
    pub(crate) result: Option<Box<str>>,
    /// Why it was rejected: a class, never a text of the payload.
    pub(crate) error: Option<Box<str>>,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Claimed until then, milliseconds since 1970.
    InProgress { lease_expires_at_ms: u64 },
    /// Done, and never undone.
    Completed,
    /// Given up; may be tried again.
    Released,
    /// Rejected for good: this payload, by this version.
    Failed,
}

/// What a refused write met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Row(Row),
    /// A row that is not one of ours: an unknown status or schema, a missing or odd attribute.
    #[cfg_attr(not(any(test, feature = "dynamodb")), expect(dead_code, reason = "for stores that others can write to"))]
    Corrupt,
}

impl Row {
    /// Whether the retention is over, although the row is still there.
    pub(crate) fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_s < now_ms / 1_000
    }
}
