//! A clock that stands still until it is moved.

use std::{
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
    sleepers: Vec<Waker>,
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
            std::mem::take(&mut state.sleepers)
        };
        sleepers.into_iter().for_each(Waker::wake);
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
        Box::pin(Sleep { clock: self.clone(), until: self.monotonic() + duration })
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

struct Sleep {
    clock: ManualClock,
    until: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        if !state.sleepers.iter().any(|sleeper| sleeper.will_wake(cx.waker())) {
            state.sleepers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.monotonic()).finish()
    }
}
