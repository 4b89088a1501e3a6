//! What the first message would wait for, done before it comes.

use std::time::Duration;

use super::pipeline::in_time;
use crate::{
    Consumer,
    claim::{Guard, StoreError},
    clock::SharedClock,
};

/// As long as a start waits: Lambda gives it ten seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Makes the consumer's store ready. What is wrong with it is said, and stops nothing: each message that needs it will find out.
pub(super) async fn warm(consumer: &Consumer) {
    let Guard::On(idempotency) = &consumer.settings.guard else { return };
    if let Err(error) = ready(idempotency.warm(), &consumer.settings.seams.clock).await {
        tracing::warn!(error, "the idempotency store is not ready; messages that need it will be tried again");
    }
}

/// A store's start may be the user's own: it may panic, and never end.
async fn ready(start: impl Future<Output = Result<(), StoreError>>, clock: &SharedClock) -> Result<(), String> {
    match in_time(start, PATIENCE, clock).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(no_answer) => Err(no_answer.to_string()),
    }
}

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use std::{future::pending, sync::Arc};

    use super::*;
    use crate::testkit::PausedClock;

    /// What a start comes to, and how long it is waited for.
    async fn started(start: impl Future<Output = Result<(), StoreError>>) -> (Result<(), String>, Duration) {
        let clock: SharedClock = Arc::new(PausedClock::new());
        let before = clock.monotonic();
        (ready(start, &clock).await, clock.monotonic() - before)
    }

    #[tokio::test(start_paused = true)]
    async fn a_start_neither_ends_by_its_store_nor_waits_for_long() {
        assert_eq!(started(async { Ok(()) }).await, (Ok(()), Duration::ZERO));
        let missing = started(async { Err(StoreError::new("no such table")) }).await;
        assert_eq!(missing, (Err("no such table".to_owned()), Duration::ZERO));
        let panicked = started(async { panic!("on purpose") }).await;
        assert_eq!(panicked, (Err("the client panicked: on purpose".to_owned()), Duration::ZERO));
        let late = started(pending()).await;
        assert_eq!(late, (Err("the client did not answer in time".to_owned()), PATIENCE));
    }
}
