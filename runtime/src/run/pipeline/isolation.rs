//! Messages whose runs ended with nobody hearing of it more than once: in a worker they run one at a time, with nothing else in flight.
//!
//! A worker has many batches in hand. A message that ends the process takes a receive from each of their messages, and from the same ones
//! at the next receive, since they come back together. So whatever may do that comes last of all: when everything else that is in hand has
//! its outcome, those heard of least often behind the others. No more is received meanwhile.

use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::sync::watch;

use crate::clock::SharedClock;

/// How long a message waits for all others: handlers may take hours.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing is received for their sake.
const HOLD: Duration = Duration::from_secs(120);

/// What a worker's batches know of each other.
#[derive(Default)]
pub(crate) struct Isolation(watch::Sender<State>);

#[derive(Default)]
struct State {
    in_flight: usize,
    /// By how many runs were not heard of, and when they came.
    waiting: BTreeSet<(u32, u64)>,
    next: u64,
    /// Since when there is always one that is inside, or wants to be.
    since: Option<Duration>,
    is_inside: bool,
}

impl State {
    fn is_next(&self, place: (u32, u64)) -> bool {
        !self.is_inside && self.waiting.first() == Some(&place)
    }

    /// Lets it in, if nobody is.
    fn lets_in(&mut self, place: (u32, u64)) -> bool {
        if !self.is_next(place) {
            return false;
        }
        self.waiting.remove(&place);
        self.is_inside = true;
        true
    }

    fn ends_if_nobody_is_left(&mut self) {
        if self.waiting.is_empty() && !self.is_inside {
            self.since = None;
        }
    }
}

/// Counts a message that has its permit and no outcome yet, or a receive that may bring some.
pub(crate) struct InFlight(Arc<Isolation>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.in_flight -= 1);
    }
}

/// Where one message runs alone, for as long as this lives.
pub(crate) struct Room(Arc<Isolation>);

impl Drop for Room {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            state.is_inside = false;
            state.ends_if_nobody_is_left();
        });
    }
}

/// A message that wants to be in there.
struct Waits<'a> {
    isolation: &'a Arc<Isolation>,
    place: (u32, u64),
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.isolation.0.send_modify(|state| {
            state.waiting.remove(&self.place);
            state.ends_if_nobody_is_left();
        });
    }
}

impl Isolation {
    pub(crate) fn counts(self: &Arc<Self>) -> InFlight {
        self.0.send_modify(|state| state.in_flight += 1);
        InFlight(Arc::clone(self))
    }

    /// Waits until nothing else is in flight, for a while at most, and nobody is inside or comes before it.
    pub(crate) async fn enter(self: Arc<Self>, unheard: u32, clock: SharedClock) -> Room {
        let waits = self.waits(unheard, clock.monotonic());
        let place = waits.place;
        let mut state = self.0.subscribe();
        let alone = pin!(async { drop(state.wait_for(|state| state.is_next(place) && state.in_flight == 0).await) });
        select(alone, clock.sleep(PATIENCE)).await;
        let mut state = self.0.subscribe();
        // The sender is in here.
        while !self.0.send_if_modified(|state| state.lets_in(place)) {
            let _ = state.wait_for(|state| state.is_next(place)).await;
        }
        Room(Arc::clone(&self))
    }

    fn waits(self: &Arc<Self>, unheard: u32, now: Duration) -> Waits<'_> {
        let mut place = (unheard, 0);
        self.0.send_modify(|state| {
            place.1 = state.next;
            state.next += 1;
            state.waiting.insert(place);
            state.since.get_or_insert(now);
        });
        Waits { isolation: self, place }
    }

    /// Once nothing has to be alone, or it took too long.
    pub(crate) async fn is_over(&self, clock: &SharedClock) {
        let mut state = self.0.subscribe();
        loop {
            let since = state.borrow_and_update().since;
            let Some(left) = since.map(|since| (since + HOLD).saturating_sub(clock.monotonic())) else { return };
            if left.is_zero() {
                return;
            }
            if let Either::Right(_) = select(pin!(state.changed()), clock.sleep(left)).await {
                return;
            }
        }
    }
}
