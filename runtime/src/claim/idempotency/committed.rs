//! Keys that this process saw committed: what is done is never undone, so nobody needs to ask again.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;

use crate::claim::{ClaimAnswer, ClaimRequest, IdempotencyKey, PayloadHash, StoredResult};

/// The most recently used of them, until their rows are forgotten. Nothing else is ever taken from memory: every other
/// state of a row can change behind our back.
pub(super) struct Committed(Option<Mutex<LruCache<IdempotencyKey, Commit>>>);

struct Commit {
    payload_hash: PayloadHash,
    expires_at_s: u64,
}

impl Committed {
    /// Remembers at most that many; none at all if that is 0.
    pub(super) fn new(keys: usize) -> Self {
        Self(NonZeroUsize::new(keys).map(|keys| Mutex::new(LruCache::new(keys))))
    }

    pub(super) fn insert(&self, key: &IdempotencyKey, payload_hash: PayloadHash, expires_at_s: u64) {
        if let Some(commits) = &self.0 {
            let mut commits = commits.lock().unwrap_or_else(PoisonError::into_inner);
            commits.put(key.clone(), Commit { payload_hash, expires_at_s });
        }
    }

    /// What a claim of this key would be answered, if the key was seen committed.
    pub(super) fn answer(&self, request: &ClaimRequest, now_ms: u64) -> Option<ClaimAnswer> {
        let mut commits = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let commit = commits.get(&request.key).filter(|commit| commit.expires_at_s >= now_ms / 1_000)?;
        Some(if commit.payload_hash == request.payload_hash {
            ClaimAnswer::Completed { result: StoredResult::Nothing }
        } else {
            ClaimAnswer::KeyConflict
        })
    }
}
