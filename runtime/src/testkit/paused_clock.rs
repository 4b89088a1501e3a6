//! A clock that follows tokio's paused time, the time of day too.

use std::{
    pin::Pin,
    time::{Duration, SystemTime},
};

use crate::clock::{Clock, SystemClock};

/// A clock for tests with tokio's paused time (`#[tokio::test(start_paused = true)]`, tokio's feature `test-util`): whatever waits makes time pass at once, and the
/// time of day passes with it. It starts at 2027-01-15 08:00:00 UTC. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use sqs_runtime::{Clock, testkit::PausedClock};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
/// # runtime.block_on(async {
/// let clock = PausedClock::new();
/// let before = clock.wall();
/// clock.sleep(Duration::from_secs(3_600)).await;
/// assert_eq!(clock.wall().duration_since(before).unwrap(), Duration::from_secs(3_600));
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct PausedClock {
    clock: SystemClock,
    start: SystemTime,
}

impl PausedClock {
    /// A clock whose time starts now.
    #[must_use]
    pub fn new() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Self { clock: SystemClock::new(), start }
    }
}

impl Default for PausedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for PausedClock {
    fn wall(&self) -> SystemTime {
        self.start + self.clock.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.clock.sleep(duration)
    }
}
