//! The seam for time: the only file that reads a clock or waits.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Time as a value of the consumer, so that a test or a simulation can hold it still and move it.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, for what is compared with other machines: leases, deadlines, ages.
    fn wall(&self) -> SystemTime;

    /// Time since some fixed moment, never set back: for durations within this process.
    fn monotonic(&self) -> Duration;

    /// Completes once that much time has passed.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's own clock; waits with tokio's timer, and so follows its paused time in tests.
#[derive(Clone)]
pub struct SystemClock {
    origin: tokio::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where time is read")]
    pub fn new() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where time is read")]
impl Clock for SystemClock {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        tokio::time::Instant::now().duration_since(self.origin)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl fmt::Debug for SystemClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemClock")
    }
}

/// The first day of the month in which this was written, 2026-11-01: no clock that is right stands before it.
const EARLIEST_MS: u64 = 1_793_491_200_000;

/// Whether a time of day can be right: leases and retentions by one that lies in the past would mean nothing.
pub(crate) fn is_plausible(time: SystemTime) -> bool {
    epoch_ms(time) >= EARLIEST_MS
}

/// A clock that many share.
pub(crate) type SharedClock = Arc<dyn Clock>;

/// Milliseconds since 1970; 0 for a clock that stands before it.
pub(crate) fn epoch_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
