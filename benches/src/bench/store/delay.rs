//! The time before which no request is answered, exactly: tokio's timer counts whole milliseconds, and rounds up.

use std::{
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use sqs_runtime::{Clock as _, SystemClock};
use tokio::sync::oneshot;

/// A thread that wakes who waits. All wait equally long, so that they are due in the order in which they came.
pub(super) struct Delay {
    length: Duration,
    waiting: mpsc::Sender<Waiting>,
}

struct Waiting {
    due: Duration,
    wake: oneshot::Sender<()>,
}

impl Delay {
    pub(super) fn start(length: Duration, clock: SystemClock) -> anyhow::Result<Self> {
        let (waiting, to_wake) = mpsc::channel();
        thread::Builder::new().name("delay".into()).spawn(move || wake_all(&to_wake, &clock))?;
        Ok(Self { length, waiting })
    }

    /// Since that time.
    pub(super) async fn since(&self, arrived: Duration) -> anyhow::Result<()> {
        if self.length.is_zero() {
            return Ok(());
        }
        let (wake, woken) = oneshot::channel();
        self.waiting.send(Waiting { due: arrived + self.length, wake }).ok().context("nobody wakes")?;
        woken.await.context("nobody woke")
    }
}

fn wake_all(waiting: &Receiver<Waiting>, clock: &SystemClock) {
    for Waiting { due, wake } in waiting {
        sleep(due.saturating_sub(clock.monotonic()));
        // Nobody waits any more where the connection is gone.
        let _ = wake.send(());
    }
}

#[expect(clippy::disallowed_methods, reason = "a thread of its own, which does nothing else")]
fn sleep(rest: Duration) {
    if !rest.is_zero() {
        thread::sleep(rest);
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Poll};

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn who_is_due_is_woken_and_who_is_not_waits() {
        let passed = Delay::start(Duration::from_nanos(1), SystemClock::new()).unwrap();
        for _ in 0..3 {
            passed.since(Duration::ZERO).await.unwrap();
        }
        let long = Delay::start(Duration::from_secs(3_600), SystemClock::new()).unwrap();
        assert!(matches!(poll!(pin!(long.since(Duration::ZERO))), Poll::Pending));
        assert!(Delay::start(Duration::ZERO, SystemClock::new()).unwrap().since(Duration::MAX).await.is_ok());
    }
}
