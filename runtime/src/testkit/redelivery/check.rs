//! The check: one clean run, then one for each kill point.

use std::time::Duration;

use super::{Difference, KillPoint, World, difference::Trouble, kill::Kill, world::Life};
use crate::{
    Consumer, Idempotency,
    claim::{Guard, protocol::claim::SKEW_MS},
    testkit::{event::Event, harness::Delivered},
};

/// How often messages come again until all must be done.
const REDELIVERIES: u32 = 5;

/// The most kill points that are tried.
pub(super) const MAX_POINTS: usize = 10_000;

/// What is checked: how a world begins, what a process in it is, what it leaves there.
pub(super) struct Check<'a, O, C, E> {
    pub(super) open: O,
    pub(super) consumer: C,
    pub(super) effects: E,
    pub(super) event: &'a Event,
}

/// How one world ended.
struct Ended {
    effects: Vec<String>,
    /// What never happened, since its key is that of something else; and of what.
    mixed_up: Option<(String, String)>,
    /// The last delivery, unless the process died in it.
    delivered: Option<Delivered>,
}

impl Ended {
    fn is_done(&self) -> bool {
        self.delivered.as_ref().is_some_and(is_done)
    }
}

/// How long another attempt waits for a process that died: as long as its leases last, which have no deadline to go by, and the skew.
fn past_the_lease(consumer: &Consumer) -> Duration {
    let lease = match &consumer.settings.guard {
        Guard::On(idempotency) => idempotency.lease_without_deadline(),
        Guard::Unsaid | Guard::Off => Idempotency::DEFAULT_LEASE,
    };
    lease.saturating_add(Duration::from_millis(SKEW_MS + 1))
}

/// Why a clean run is nothing to compare others with.
fn tells_nothing(alive: &Kill, clean: &mut Ended) -> Option<Trouble> {
    if let Some((never, known)) = clean.mixed_up.take() {
        Some(Trouble::MixedUp(never, known))
    } else if !alive.tried_a_handler() {
        Some(Trouble::NothingTried)
    } else if clean.effects.is_empty() {
        Some(Trouble::NothingHappened)
    } else if alive.count() > MAX_POINTS {
        Some(Trouble::TooManyPoints)
    } else {
        None
    }
}

fn is_done(delivered: &Delivered) -> bool {
    delivered.report().records().all(|record| record.outcome.is_success())
}

impl<W, O, C, E> Check<'_, O, C, E>
where
    O: AsyncFn(World) -> W,
    C: Fn(&W) -> Consumer,
    E: AsyncFn(&W) -> Vec<String>,
{
    pub(super) async fn run(&self) -> Result<Vec<KillPoint>, Difference> {
        let alive = Kill::never();
        let mut clean = self.live(&alive, 0).await;
        if !clean.is_done() {
            return Err(Difference::new(Trouble::NotClean(clean.delivered), None, Vec::new(), clean.effects));
        }
        if let Some(trouble) = tells_nothing(&alive, &mut clean) {
            return Err(Difference::new(trouble, None, clean.effects.clone(), clean.effects));
        }
        let mut tried = Vec::new();
        // Over a network one run has more waits than another: the last one is behind us once a process outlives its kill.
        for at in 1..=MAX_POINTS {
            match self.killed_at(at, &clean.effects).await? {
                Some(point) => tried.push(point),
                None if at > alive.count() => return Ok(tried),
                None => {}
            }
        }
        Err(Difference::new(Trouble::TooManyPoints, None, clean.effects.clone(), clean.effects))
    }

    /// A world in which the first process is killed at that point. Which one it was; `None` if the process has fewer.
    async fn killed_at(&self, at: usize, expected: &[String]) -> Result<Option<KillPoint>, Difference> {
        let kill = Kill::at(at);
        let ended = self.live(&kill, REDELIVERIES).await;
        let point = kill.passed().pop().filter(|_| kill.is_dead());
        let trouble = match (ended.is_done(), ended.effects == expected) {
            (true, true) => return Ok(point),
            (true, false) => Trouble::OtherEffects,
            (false, _) => Trouble::NeverDone(ended.delivered),
        };
        Err(Difference::new(trouble, point, expected.to_vec(), ended.effects))
    }

    /// The life of a world: a process that may be killed, then others, until all messages are done.
    async fn live(&self, kill: &Kill, redeliveries: u32) -> Ended {
        let world = World::new();
        let outside = (self.open)(world.clone()).await;
        let (mut event, mut process, mut lives) = (self.event.clone(), kill.clone(), Vec::new());
        for _ in 0..=redeliveries {
            world.begin(&process);
            let consumer = (self.consumer)(&outside);
            let lease = past_the_lease(&consumer);
            let life = world.deliver(consumer, &event, &process).await;
            let is_done = life.delivered().is_some_and(is_done);
            lives.push(life);
            if is_done {
                break;
            }
            world.clock().advance(lease);
            (event, process) = (event.redelivered(), Kill::never());
        }
        let mut effects = (self.effects)(&outside).await;
        // Deliveries may change the order of messages.
        effects.sort();
        let mixed_up = world.effects().mixed_up();
        Ended { effects, mixed_up, delivered: lives.pop().and_then(Life::into_delivered) }
    }
}
