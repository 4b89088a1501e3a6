//! A row as a reader sees it.

use super::StoredResult;
use crate::claim::PayloadHash;

/// What is stored for a key, for those who look and do not claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowState {
    /// Where the work stands.
    pub status: RowStatus,
    /// Since when it stands there, milliseconds since 1970, by the clock of who wrote it.
    pub since_ms: u64,
    /// When the row may be forgotten, seconds since 1970.
    pub expires_at_s: u64,
    /// Grants in a row, the current one included, that ended neither in a release nor in a completion.
    pub attempts: u32,
    /// The payload that was claimed.
    pub payload_hash: PayloadHash,
    /// The handler version that claimed or rejected it, where one was known.
    pub version: Option<Box<str>>,
}

/// Where the work of a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowStatus {
    /// A handler runs, or ran and has not been heard of.
    InProgress {
        /// When another attempt may take over, milliseconds since 1970.
        lease_expires_at_ms: u64,
    },
    /// Done.
    Completed {
        /// What its handler returned, where that is kept.
        result: StoredResult,
    },
    /// Failed in a way that may pass; waits for the next delivery.
    Released,
    /// Rejected for good, for this payload and version.
    Rejected {
        /// The class of the failure, and what it said: the words of the handler, for those whom they are meant for.
        error: Option<Box<str>>,
    },
}

impl RowState {
    /// A row of a handler whose version is not known, never granted before.
    #[must_use]
    pub fn new(status: RowStatus, since_ms: u64, expires_at_s: u64, payload_hash: PayloadHash) -> Self {
        Self { status, since_ms, expires_at_s, attempts: 0, payload_hash, version: None }
    }

    /// The same after that many grants.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The same of a handler of that version.
    #[must_use]
    pub fn version(self, version: impl Into<Box<str>>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Whether its retention is over, although the row is still there.
    #[must_use]
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_s < now_ms / 1_000
    }
}
