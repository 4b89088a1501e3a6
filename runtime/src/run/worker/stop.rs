//! How far a worker is on its way to its end.

use std::time::Duration;

use futures_util::future::{Either, select};
use std::pin::pin;
use tokio::sync::watch;

use crate::clock::SharedClock;

/// Whether a worker takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Running,
    /// It takes no more, and ends what it has; since then, on the monotonic clock.
    Draining(Duration),
    /// It ends at once.
    Ended,
}

/// Says when to stop, and tells whoever waits for that.
#[derive(Clone)]
pub(super) struct Stop {
    stage: watch::Sender<Stage>,
    clock: SharedClock,
}

impl Stop {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self { stage: watch::Sender::new(Stage::Running), clock }
    }

    /// Takes no more messages from now on.
    pub(super) fn drain(&self) {
        let now = self.clock.monotonic();
        self.stage.send_if_modified(|stage| {
            let is_running = *stage == Stage::Running;
            if is_running {
                *stage = Stage::Draining(now);
            }
            is_running
        });
    }

    /// Ends at once.
    pub(super) fn end(&self) {
        self.stage.send_replace(Stage::Ended);
    }

    pub(super) fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Once it stops.
    pub(super) async fn stopped(&self) {
        // The sender is in here: there is always one.
        let _ = self.stage.subscribe().wait_for(|stage| *stage != Stage::Running).await;
    }

    /// Once it ends at once.
    pub(super) async fn ended(&self) {
        let _ = self.stage.subscribe().wait_for(|stage| *stage == Stage::Ended).await;
    }

    /// What that comes to, unless it stops before.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(self.stopped()), pin!(work)).await {
            Either::Left(_) => None,
            Either::Right((value, _)) => Some(value),
        }
    }
}
