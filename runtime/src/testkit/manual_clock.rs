//! A clock that stands still until it is moved.

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use crate::clock::Clock;

/// A clock that a test moves by hand. Clones are the same clock.
///
/// ```
/// use sqs_runtime::{Clock, testkit::ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let before = clock.wall();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.wall().duration_since(before).unwrap(), Duration::from_secs(60));
/// ```
#[derive(Clone)]
pub struct ManualClock {
    start: SystemTime,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    now: Duration,
    /// By the time at which they wake, then in the order in which they fell asleep.
    sleepers: BTreeMap<(Duration, u64), Sleeper>,
    slept: u64,
}

struct Sleeper {
    waker: Waker,
    sleeps: Sleeps,
}

/// Who waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sleeps {
    /// Whoever holds the clock, such as a handler.
    Somebody,
    /// A pipeline, for its deadline.
    Pipeline,
}

/// Where the clock starts: 2027-01-15 08:00:00 UTC.
const START: Duration = Duration::from_secs(1_800_000_000);

impl ManualClock {
    /// A clock at 2027-01-15 08:00:00 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self::at(SystemTime::UNIX_EPOCH + START)
    }

    /// A clock at that time.
    #[must_use]
    pub fn at(start: SystemTime) -> Self {
        Self { start, state: Arc::default() }
    }

    /// Moves the clock on and wakes everything whose time has come.
    pub fn advance(&self, by: Duration) {
        let sleepers = {
            let mut state = self.state();
            state.now += by;
            let still_asleep = state.now.checked_add(Duration::from_nanos(1)).map(|later| (later, 0));
            let asleep = still_asleep.map(|from| state.sleepers.split_off(&from)).unwrap_or_default();
            std::mem::replace(&mut state.sleepers, asleep)
        };
        sleepers.into_values().for_each(|sleeper| sleeper.waker.wake());
    }

    /// When the next one wakes, on the monotonic clock.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.state().sleepers.keys().next().map(|(until, _)| *until)
    }

    /// Whether anybody but a pipeline waits.
    pub(super) fn is_waited_on(&self) -> bool {
        self.state().sleepers.values().any(|sleeper| sleeper.sleeps == Sleeps::Somebody)
    }

    pub(super) fn sleep_as(&self, sleeps: Sleeps, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut state = self.state();
        state.slept += 1;
        Box::pin(Sleep { clock: self.clone(), key: (state.now.saturating_add(duration), state.slept), sleeps })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.start + self.state().now
    }

    fn monotonic(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_as(Sleeps::Somebody, duration)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

struct Sleep {
    clock: ManualClock,
    key: (Duration, u64),
    sleeps: Sleeps,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        let sleeper = Sleeper { waker: cx.waker().clone(), sleeps: self.sleeps };
        let before = state.sleepers.insert(self.key, sleeper);
        // A waker may take a task along, and with it another sleeper of this clock.
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let sleeper = self.clock.state().sleepers.remove(&self.key);
        drop(sleeper);
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.monotonic()).finish()
    }
}
