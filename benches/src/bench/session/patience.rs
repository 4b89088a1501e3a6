//! Waits, but not for ever: whatever stands still ends the run.

use std::time::Duration;

use anyhow::bail;
use sqs_runtime::{Clock as _, SystemClock};

#[derive(Clone)]
pub(super) struct Patience {
    clock: SystemClock,
    time: Duration,
}

impl Patience {
    pub(super) fn new(clock: SystemClock, time: Duration) -> Self {
        Self { clock, time }
    }

    /// What comes of it; an error where nothing comes from that in time.
    pub(super) async fn wait<T>(&self, from: &str, wait: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            biased;
            done = wait => done,
            () = self.clock.sleep(self.time) => bail!("nothing from {from} for {:?}", self.time),
        }
    }
}
