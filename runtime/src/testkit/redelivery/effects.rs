//! What handlers did to the world, on a double that a process can die beside.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{KillPoint, kill::Kill, point::Moment, wait::Wait};

/// A double of everything outside: a card that is charged, a mail that is sent. Clones share it.
///
/// It notes each effect. Of a process that [took it from its world](super::World::effects) each call has two kill points, before the effect
/// and after it, also in a task that the handler spawned or beside other calls. One of your own making yields in both places, and
/// that is all.
#[derive(Clone, Default)]
pub struct Effects {
    seen: Arc<Mutex<Seen>>,
    /// The process that calls it.
    process: Option<Kill>,
}

#[derive(Debug, Default)]
struct Seen {
    effects: Vec<String>,
    /// What first happened with each key.
    keys: BTreeMap<String, String>,
    /// What was asked for with the key of something else, and of what.
    mixed_up: Option<(String, String)>,
}

impl Effects {
    /// Nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same as that process has it.
    pub(super) fn of(&self, process: &Kill) -> Self {
        Self { seen: Arc::clone(&self.seen), process: Some(process.clone()) }
    }

    /// Something happens out there, every time that it is asked for.
    pub async fn happen(&self, what: impl Into<String>) {
        let what = what.into();
        self.around(&what, |seen| seen.effects.push(what.clone())).await;
    }

    /// Something happens out there at somebody's who remembers keys: asked for again with the same key, nothing happens. Two different things
    /// need two keys, or only the first would ever happen: the check fails where they have one.
    pub async fn happen_once(&self, key: impl Into<String>, what: impl Into<String>) {
        let (key, what) = (key.into(), what.into());
        self.around(&what, |seen| {
            let known = match seen.keys.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(what.clone());
                    seen.effects.push(what.clone());
                    return;
                }
                Entry::Occupied(known) => known.get().clone(),
            };
            if known != what {
                seen.mixed_up = Some((what.clone(), known));
            }
        })
        .await;
    }

    /// What never happened, since its key is that of something else; and of what.
    pub(super) fn mixed_up(&self) -> Option<(String, String)> {
        self.seen().mixed_up.clone()
    }

    /// What happened, in alphabetical order: deliveries may change the order of messages.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let mut effects = self.seen().effects.clone();
        effects.sort();
        effects
    }

    async fn around(&self, what: &str, happens: impl FnOnce(&mut Seen)) {
        self.reach(what, Moment::Before).await;
        happens(&mut self.seen());
        self.reach(what, Moment::After).await;
    }

    async fn reach(&self, what: &str, moment: Moment) {
        match &self.process {
            Some(process) => process.reach(KillPoint::at_effect(what, moment)).await,
            None => Wait::default().await,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Effects").field(&*self.seen()).finish()
    }
}
