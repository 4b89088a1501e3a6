//! Virtual time: it passes when everybody waits, from one timer to the next.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use crate::clock::Clock;

/// The one time of a simulation. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Timeline(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    /// By time, then by the order in which they were asked for.
    timers: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

/// When every simulation starts: 2027-01-15 08:00:00 UTC.
pub(super) const START: Duration = Duration::from_secs(1_800_000_000);

impl Timeline {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time since the start.
    pub(super) fn now(&self) -> Duration {
        self.state().now
    }

    /// When the next timer is due.
    pub(super) fn next_timer(&self) -> Option<Duration> {
        self.state().timers.keys().next().map(|(due, _)| *due)
    }

    /// Moves on to that time and wakes whoever waited for it.
    pub(super) fn advance_to(&self, time: Duration) {
        let due = {
            let mut state = self.state();
            state.now = state.now.max(time);
            let now = state.now;
            let later = state.timers.split_off(&(now + Duration::from_nanos(1), 0));
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Waits, at most until then.
    pub(super) fn sleep_until(&self, due: Duration) -> Sleep {
        Sleep { timeline: self.clone(), due, timer: None }
    }
}

/// A wait in virtual time.
pub(super) struct Sleep {
    timeline: Timeline,
    due: Duration,
    timer: Option<(Duration, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let timeline = self.timeline.clone();
        let mut state = timeline.state();
        if state.now >= self.due {
            return Poll::Ready(());
        }
        let timer = self.timer.unwrap_or((self.due, state.next));
        state.next += u64::from(self.timer.is_none());
        state.timers.insert(timer, cx.waker().clone());
        self.timer = Some(timer);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.timeline.state().timers.remove(&timer);
        }
    }
}

/// A clock of a simulation: that of one process, whose time of day may be off and whose timers may be late, or that of a store, which is right.
#[derive(Clone)]
pub struct SimulationClock {
    pub(super) timeline: Timeline,
    /// How far its time of day is ahead of the truth, in milliseconds.
    pub(super) ahead_ms: i64,
    /// How late its timers fire.
    pub(super) lateness: Duration,
}

impl fmt::Debug for SimulationClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulationClock").field("now", &self.timeline.now()).finish_non_exhaustive()
    }
}

impl Clock for SimulationClock {
    fn wall(&self) -> SystemTime {
        let truth = SystemTime::UNIX_EPOCH + START + self.timeline.now();
        let off = Duration::from_millis(self.ahead_ms.unsigned_abs());
        if self.ahead_ms < 0 { truth - off } else { truth + off }
    }

    fn monotonic(&self) -> Duration {
        self.timeline.now()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.timeline.sleep_until(self.timeline.now() + duration + self.lateness))
    }
}
