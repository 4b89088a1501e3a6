//! The URLs of queues, asked for once.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// How many are remembered: a consumer has a queue and its dead-letter queue, or a few of both.
const MOST: usize = 64;

/// URLs by Amazon Resource Name.
#[derive(Default)]
pub(super) struct Urls(Mutex<BTreeMap<Box<str>, Arc<str>>>);

impl Urls {
    pub(super) fn of(&self, arn: &str) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(arn).cloned()
    }

    pub(super) fn learn(&self, arn: &str, url: &str) -> Arc<str> {
        let url: Arc<str> = url.into();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST {
            all.insert(arn.into(), Arc::clone(&url));
        }
        url
    }
}

impl fmt::Debug for Urls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URLs hold account ids.
        f.write_str("Urls")
    }
}
