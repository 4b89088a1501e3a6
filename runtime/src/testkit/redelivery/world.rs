//! What outlives a process.

use std::{fmt, sync::Arc};

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
}

impl World {
    pub(super) fn new() -> Self {
        let clock = ManualClock::new();
        Self { effects: Effects::new(), store: Arc::new(MemoryStore::new(clock.clone())), clock }
    }

    /// The double of everything outside.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.effects.clone()
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

    /// Runs a process until it has answered the event; `None` if it is dead before.
    pub(super) async fn deliver(&self, consumer: Consumer, event: &Event, kill: &Kill) -> Option<Delivered> {
        let harness = Harness::on_clock(self.mortal(consumer, kill), self.clock.clone());
        kill.or_death(harness.deliver(event)).await
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
