//! The store that was given, or one in memory that waits for the clock.

use std::sync::{Arc, OnceLock};

use crate::{
    claim::{IdempotencyStore, MemoryStore},
    clock::SharedClock,
};

/// The store that was given, or one in memory, which is made when the consumer's clock is known. Clones share it.
#[derive(Clone)]
pub(super) enum Store {
    Given(Arc<dyn IdempotencyStore>),
    Memory { store: Arc<OnceLock<Arc<MemoryStore>>>, is_named: bool },
}

impl Store {
    pub(super) fn memory(is_named: bool) -> Self {
        Self::Memory { store: Arc::default(), is_named }
    }

    /// Whether somebody named it.
    pub(super) fn is_named(&self) -> bool {
        !matches!(self, Self::Memory { is_named: false, .. })
    }

    /// The store; in memory it is made by the first who asks, on that one's clock.
    pub(super) fn get(&self, clock: &SharedClock) -> &dyn IdempotencyStore {
        match self {
            Self::Given(store) => &**store,
            Self::Memory { store, .. } => &**in_memory(store, clock),
        }
    }

    /// The same to keep.
    #[cfg(feature = "testkit")]
    pub(super) fn share(&self, clock: &SharedClock) -> Arc<dyn IdempotencyStore> {
        match self {
            Self::Given(store) => Arc::clone(store),
            Self::Memory { store, .. } => Arc::<MemoryStore>::clone(in_memory(store, clock)),
        }
    }
}

fn in_memory<'a>(store: &'a OnceLock<Arc<MemoryStore>>, clock: &SharedClock) -> &'a Arc<MemoryStore> {
    store.get_or_init(|| Arc::new(MemoryStore::shared(Arc::clone(clock))))
}
