//! All queues of a simulation: the mappings take from them, and the processes' clients speak to them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::Queue;

/// The queues. Clones share them.
#[derive(Clone, Default)]
pub(in crate::testkit) struct Queues(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queues: Mutex<Vec<Queue>>,
    /// Queues in which a message may have become visible by what a client said.
    touched: Mutex<BTreeSet<usize>>,
    /// By queue: told whenever a message may have come, or come free.
    news: Vec<watch::Sender<()>>,
}

impl Queues {
    pub(in crate::testkit) fn new(queues: Vec<Queue>) -> Self {
        let news = queues.iter().map(|_| watch::Sender::default()).collect();
        Self(Arc::new(Shared { queues: Mutex::new(queues), touched: Mutex::default(), news }))
    }

    pub(in crate::testkit) fn all(&self) -> MutexGuard<'_, Vec<Queue>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::testkit) fn touch(&self, queue: usize) {
        self.0.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(queue);
        self.wake(queue);
    }

    /// Wakes whoever waits for messages of that queue.
    pub(in crate::testkit) fn wake(&self, queue: usize) {
        if let Some(news) = self.0.news.get(queue) {
            news.send_replace(());
        }
    }

    /// Once a message may have come to that queue, from now on.
    pub(in crate::testkit) fn news(&self, queue: usize) -> impl Future<Output = ()> + Send + use<> {
        let news = self.0.news.get(queue).map(watch::Sender::subscribe);
        async move {
            if let Some(mut news) = news {
                // The sender lives as long as the simulation.
                let _ = news.changed().await;
            }
        }
    }

    pub(in crate::testkit) fn take_touched(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.0.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
