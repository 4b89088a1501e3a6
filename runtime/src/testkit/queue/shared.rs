//! All queues of a simulation: the mappings take from them, and the processes' clients speak to them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Queue;

/// The queues. Clones share them.
#[derive(Clone, Default)]
pub(in crate::testkit) struct Queues(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queues: Mutex<Vec<Queue>>,
    /// Queues in which a message may have become visible by what a client said.
    touched: Mutex<BTreeSet<usize>>,
}

impl Queues {
    pub(in crate::testkit) fn new(queues: Vec<Queue>) -> Self {
        Self(Arc::new(Shared { queues: Mutex::new(queues), touched: Mutex::default() }))
    }

    pub(in crate::testkit) fn all(&self) -> MutexGuard<'_, Vec<Queue>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::testkit) fn touch(&self, queue: usize) {
        self.0.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(queue);
    }

    pub(in crate::testkit) fn take_touched(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.0.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
