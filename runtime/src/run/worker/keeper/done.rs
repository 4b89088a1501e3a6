//! Messages that are done and that SQS did not confirm to have deleted: where one comes again it is deleted and not run.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use lru::LruCache;

/// How many are remembered: the latest. The idempotency store, where there is one, knows the others.
const MOST: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// By message id.
pub(in crate::run::worker) struct DoneButNotDeleted(Mutex<LruCache<Box<str>, ()>>);

impl Default for DoneButNotDeleted {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl DoneButNotDeleted {
    fn ids(&self) -> MutexGuard<'_, LruCache<Box<str>, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::run::worker) fn contains(&self, message_id: &str) -> bool {
        self.ids().contains(message_id)
    }

    pub(super) fn add(&self, message_id: &str) {
        self.ids().put(message_id.into(), ());
    }

    /// It is deleted after all.
    pub(super) fn remove(&self, message_id: &str) {
        self.ids().pop(message_id);
    }
}

impl fmt::Debug for DoneButNotDeleted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DoneButNotDeleted({})", self.ids().len())
    }
}
