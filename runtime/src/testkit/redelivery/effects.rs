//! What handlers did to the world, on a double that a process can die beside.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::wait::Wait;

/// A double of everything outside: a card that is charged, a mail that is sent. Clones share it.
///
/// It notes each effect, and yields before and after it, so that a process can die on either side.
#[derive(Clone, Debug, Default)]
pub struct Effects(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    effects: Vec<String>,
    keys: BTreeSet<String>,
}

impl Effects {
    /// Nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Something happens out there, every time that it is asked for.
    pub async fn happen(&self, what: impl Into<String>) {
        let what = what.into();
        Wait::default().await;
        self.seen().effects.push(what);
        Wait::default().await;
    }

    /// Something happens out there at somebody's who remembers keys: asked for again with the same key, nothing happens.
    pub async fn happen_once(&self, key: impl Into<String>, what: impl Into<String>) {
        let (key, what) = (key.into(), what.into());
        Wait::default().await;
        {
            let mut seen = self.seen();
            if seen.keys.insert(key) {
                seen.effects.push(what);
            }
        }
        Wait::default().await;
    }

    /// What happened, in alphabetical order: deliveries may change the order of messages.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let mut effects = self.seen().effects.clone();
        effects.sort();
        effects
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
