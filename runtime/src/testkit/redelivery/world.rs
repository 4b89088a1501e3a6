//! What outlives a process.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;

use super::{Effects, kill::Kill, store::MortalStore};
use crate::{
    Consumer, Idempotency,
    claim::{Guard, IdempotencyStore, MemoryStore},
    clock::SharedClock,
    testkit::{
        ManualClock,
        event::Event,
        harness::{Delivered, Harness},
    },
};

/// What outlives a process: the double of everything outside, a store, the time. Clones are the same world.
#[derive(Clone)]
pub struct World {
    effects: Effects,
    store: Arc<MemoryStore>,
    clock: ManualClock,
    /// The one that was begun last.
    process: Arc<Mutex<Option<Kill>>>,
}

/// What a process came to.
pub(super) enum Life {
    Answered(Delivered),
    /// It stands as it died: nobody runs destructors for the dead, and so they wait until their world is over.
    Dead {
        _delivery: BoxFuture<'static, Delivered>,
        _process: Arc<Harness>,
    },
}

impl Life {
    pub(super) fn delivered(&self) -> Option<&Delivered> {
        match self {
            Self::Answered(delivered) => Some(delivered),
            Self::Dead { .. } => None,
        }
    }

    pub(super) fn into_delivered(self) -> Option<Delivered> {
        match self {
            Self::Answered(delivered) => Some(delivered),
            Self::Dead { .. } => None,
        }
    }
}

impl World {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Self { effects: Effects::new(), store, clock, process: Arc::default() }
    }

    /// The double of everything outside, as the process has it that takes it: where its consumer is made, or in its handlers. Taken
    /// while the world is made it is no process's, and [its calls](Effects) are no kill points of their own.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.process().as_ref().map_or_else(|| self.effects.clone(), |process| self.effects.of(process))
    }

    /// Claims in a store that outlives the process. It knows no transactions.
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        Idempotency::new(self.store())
    }

    /// That store.
    #[must_use]
    pub fn store(&self) -> impl IdempotencyStore + Clone + use<> {
        Arc::clone(&self.store)
    }

    /// The time. A store of one's own must read it here, or the leases of the dead never end.
    #[must_use]
    pub fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// What is made from now on is that process's.
    pub(super) fn begin(&self, process: &Kill) {
        *self.process() = Some(process.clone());
    }

    /// Runs a process until it has answered the event, or is dead.
    pub(super) async fn deliver(&self, consumer: Consumer, event: &Event, kill: &Kill) -> Life {
        let process = Arc::new(Harness::on_clock(self.mortal(consumer, kill), self.clock.clone()));
        let (answering, event) = (Arc::clone(&process), event.clone());
        let mut delivery: BoxFuture<'static, _> = Box::pin(async move { answering.deliver(&event).await });
        match kill.or_death(Pin::new(&mut delivery)).await {
            Some(delivered) => Life::Answered(delivered),
            None => Life::Dead { _delivery: delivery, _process: process },
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Kill>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The consumer as a process that can die.
    fn mortal(&self, mut consumer: Consumer, kill: &Kill) -> Consumer {
        let clock: SharedClock = Arc::new(self.clock.clone());
        let mortal = |idempotency: Idempotency| {
            let idempotency = idempotency.over(&clock, |store| Arc::new(MortalStore::new(kill.clone(), store)));
            Guard::On(Box::new(idempotency))
        };
        consumer.settings.guard = match consumer.settings.guard {
            Guard::On(idempotency) => mortal(*idempotency),
            Guard::Unsaid => mortal(Idempotency::unnamed()),
            Guard::Off => Guard::Off,
        };
        consumer.layer(kill.clone())
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("effects", &self.effects).finish_non_exhaustive()
    }
}
