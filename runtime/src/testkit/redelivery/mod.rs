//! Whether a handler survives redelivery: it is killed wherever it waits, and the messages come again.
//!
//! One clean run says what should happen. Then a process is killed at the first wait of its handlers, another one at the second,
//! and so on to the last; each time the messages are delivered again until all are done, and what happened in the end must be
//! what happened in the clean run.
//!
//! ```
//! use sqs_runtime::{Consumer, Failure, claim::IdempotencyKey, extract::{MessageId, State}};
//! use sqs_runtime::testkit::{event::{Event, Message}, redelivery::{Effects, World, redelivery_check}};
//!
//! /// The provider remembers keys, so a charge that is repeated charges nothing.
//! async fn place(State(card): State<Effects>, key: IdempotencyKey, MessageId(id): MessageId) {
//!     card.happen_once(key.as_str(), format!("charged {id}")).await;
//! }
//! /// This one does not.
//! async fn careless(State(card): State<Effects>, MessageId(id): MessageId) {
//!     card.happen(format!("charged {id}")).await;
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let event = Event::standard("orders").message(Message::text("x").id("m-1"));
//! let careful = |world: &World| Consumer::new(place).state(world.effects()).idempotency(world.idempotency());
//! assert!(redelivery_check(careful, &event).await.is_ok());
//!
//! let careless = |world: &World| Consumer::new(careless).state(world.effects()).idempotency(world.idempotency());
//! let difference = redelivery_check(careless, &event).await.unwrap_err();
//! assert_eq!(difference.killed_at(), Some(2)); // behind the charge, before its success was recorded
//! assert_eq!(difference.effects(), ["charged m-1", "charged m-1"]);
//! # });
//! ```

mod effects;
mod kill;

use std::{fmt, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

pub use self::effects::Effects;
use self::kill::Kill;
use super::{ManualClock, event::Event, harness::Harness};
use crate::{
    Consumer, Idempotency,
    claim::{IdempotencyStore, MemoryStore},
};

/// What outlives a process: the world outside, the store, the time.
#[derive(Clone)]
pub struct World {
    effects: Effects,
    store: Arc<MemoryStore>,
    clock: ManualClock,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { effects: Effects::new(), store: Arc::new(MemoryStore::new(clock.clone())), clock }
    }

    /// The double of everything outside.
    #[must_use]
    pub fn effects(&self) -> Effects {
        self.effects.clone()
    }

    /// Claims in a store that outlives the process.
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        Idempotency::new(self.store())
    }

    /// That store.
    #[must_use]
    pub fn store(&self) -> impl IdempotencyStore + Clone + use<> {
        Arc::clone(&self.store)
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// Runs a process until it has answered the event, or is dead. Whether it answered, and whether all was done then.
    async fn deliver(&self, consumer: Consumer, event: &Event, kill: &Kill) -> Option<bool> {
        let harness = Harness::on_clock(consumer.layer(kill.clone()), self.clock.clone());
        let mut delivering = pin!(harness.deliver(event));
        let delivered = poll_fn(|cx| match delivering.as_mut().poll(cx) {
            Poll::Ready(delivered) => Poll::Ready(Some(delivered)),
            Poll::Pending if kill.is_dead() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        Some(delivered.await?.report().records().all(|record| record.outcome.is_success()))
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("effects", &self.effects).finish_non_exhaustive()
    }
}

/// Longer than any lease of a delivery without a deadline, and the skew.
const PAST_THE_LEASE: Duration = Duration::from_secs(120);

/// How often messages come again until all must be done.
const REDELIVERIES: u32 = 5;

/// The most waits of one delivery.
const MAX_WAITS: usize = 10_000;

/// Kills a process at each wait of its handlers, redelivers, and compares what happened with a clean run. How many waits there
/// were.
///
/// The function makes the consumer of a new process; what it shares with others is in the [`World`].
///
/// # Errors
///
/// If something else happened than in the clean run: done twice, or not at all. If the handlers never wait, so that nothing was
/// tried. If the clean run does not succeed.
pub async fn redelivery_check(consumer: impl Fn(&World) -> Consumer, event: &Event) -> Result<usize, Difference> {
    let world = World::new();
    let alive = Kill::at(0);
    if world.deliver(consumer(&world), event, &alive).await != Some(true) {
        return Err(Difference::new(Trouble::NotClean, None, Vec::new(), world.effects.all()));
    }
    let (expected, waits) = (world.effects.all(), alive.waits());
    if waits == 0 {
        return Err(Difference::new(Trouble::NothingTried, None, expected.clone(), expected));
    }
    for at in 1..=waits.min(MAX_WAITS) {
        killed_at(&consumer, event, at, &expected).await?;
    }
    Ok(waits)
}

async fn killed_at(
    consumer: &impl Fn(&World) -> Consumer,
    event: &Event,
    at: usize,
    expected: &[String],
) -> Result<(), Difference> {
    let world = World::new();
    let mut is_done = world.deliver(consumer(&world), event, &Kill::at(at)).await == Some(true);
    let mut event = event.redelivered();
    for _ in 0..REDELIVERIES {
        if is_done {
            break;
        }
        world.clock.advance(PAST_THE_LEASE);
        is_done = world.deliver(consumer(&world), &event, &Kill::at(0)).await == Some(true);
        event = event.redelivered();
    }
    let effects = world.effects.all();
    match (is_done, effects == expected) {
        (true, true) => Ok(()),
        (true, false) => Err(Difference::new(Trouble::OtherEffects, Some(at), expected.to_vec(), effects)),
        (false, _) => Err(Difference::new(Trouble::NeverDone, Some(at), expected.to_vec(), effects)),
    }
}

/// What a redelivery changed.
pub struct Difference {
    trouble: Trouble,
    at: Option<usize>,
    expected: Vec<String>,
    effects: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    NotClean,
    NothingTried,
    OtherEffects,
    NeverDone,
}

impl Difference {
    fn new(trouble: Trouble, at: Option<usize>, expected: Vec<String>, effects: Vec<String>) -> Self {
        Self { trouble, at, expected, effects }
    }

    /// At which wait the process was killed, counted from 1 over all handlers of the delivery.
    #[must_use]
    pub fn killed_at(&self) -> Option<usize> {
        self.at
    }

    /// What happened in the clean run.
    #[must_use]
    pub fn expected(&self) -> &[String] {
        &self.expected
    }

    /// What happened instead.
    #[must_use]
    pub fn effects(&self) -> &[String] {
        &self.effects
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.unwrap_or(0);
        match self.trouble {
            Trouble::NotClean => f.write_str("without any kill the event's messages are not all done"),
            Trouble::NothingTried => f.write_str("the handlers never wait, so that nothing could be tried"),
            Trouble::OtherEffects => write!(f, "killed at wait {at} and redelivered, something else happened")
                .and_then(|()| write!(f, "\n  expected: {:?}\n  happened: {:?}", self.expected, self.effects)),
            Trouble::NeverDone => write!(f, "killed at wait {at}, its messages are never done"),
        }
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Difference {}
