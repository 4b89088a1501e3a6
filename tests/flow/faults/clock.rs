//! Time that passes only while everything waits: tokio's paused time, with a time of day.

use std::{
    pin::Pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sqs_runtime::{Clock, SystemClock};

/// 2027-01-15 08:00:00 UTC.
const START: Duration = Duration::from_secs(1_800_000_000);

/// Follows tokio's paused time. Nothing here waits for a socket, so tokio moves on to the next timer exactly when nobody can
/// do anything but wait: a pause of the store before another try, or a deadline behind requests that hang.
#[derive(Clone, Default)]
pub(super) struct Virtual(SystemClock);

impl Virtual {
    pub(super) fn now_ms(&self) -> u64 {
        let now = self.wall().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        u64::try_from(now).expect("fits")
    }
}

impl Clock for Virtual {
    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + START + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.sleep(duration)
    }
}
