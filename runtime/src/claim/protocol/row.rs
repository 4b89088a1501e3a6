//! What is stored for a key.

use crate::claim::{FencingToken, Owner, PayloadHash, RowState, RowStatus, StoredResult};

/// One idempotency row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) status: Status,
    pub(crate) owner: Owner,
    /// Grows with every grant, also across a release.
    pub(crate) fence: FencingToken,
    /// When the status was written, milliseconds since 1970. No condition looks at it.
    pub(crate) since_ms: u64,
    /// Grants in a row that ended neither in a release nor in a completion: a hint of a crash loop, never a verdict. A lost
    /// reply or a deadline raises it too.
    pub(crate) attempts: u32,
    /// When the row may be forgotten, seconds since 1970. Every condition compares it: deletion comes late.
    pub(crate) expires_at_s: u64,
    pub(crate) payload_hash: PayloadHash,
    /// The handler version that claimed the row or rejected it, where one was known.
    pub(crate) version: Option<Box<str>>,
    /// What is kept of the handler's result.
    pub(crate) result: StoredResult,
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
    #[cfg_attr(
        not(any(test, feature = "dynamodb", feature = "redis")),
        expect(dead_code, reason = "for stores that others can write to")
    )]
    Corrupt,
}

impl Row {
    /// Whether the retention is over, although the row is still there.
    pub(crate) fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_s < now_ms / 1_000
    }
}

impl From<Row> for RowState {
    fn from(row: Row) -> Self {
        let status = match row.status {
            Status::InProgress { lease_expires_at_ms } => RowStatus::InProgress { lease_expires_at_ms },
            Status::Completed => RowStatus::Completed { result: row.result },
            Status::Released => RowStatus::Released,
            Status::Failed => RowStatus::Rejected { error: row.error },
        };
        let state = Self::new(status, row.since_ms, row.expires_at_s, row.payload_hash).attempts(row.attempts);
        Self { version: row.version, ..state }
    }
}
