//! Leases that are granted late, and leases that are held for long.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    Clock, Idempotency,
    claim::{ClaimAnswer, ClaimRequest, IdempotencyStore, Key, MemoryStore, RenewAnswer, RenewRequest},
    run::WorkerConfig,
    testkit::PausedClock,
};

use super::{Site, seconds};
use crate::as_store::as_its_store;

type Time = Option<Duration>;

/// Its claims land at once, and are answered after a time; its renewals land after a time.
struct Late {
    store: Arc<MemoryStore>,
    clock: PausedClock,
    after: Duration,
    renews_after: Duration,
}

impl IdempotencyStore for Late {
    as_its_store!(complete, release, fail, mark, read, forget);

    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(async move {
            let answers = self.store.claim(all, time).await;
            self.clock.sleep(self.after).await;
            answers
        })
    }
    fn renew<'a>(&'a self, all: &'a [RenewRequest], time: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        Box::pin(async move {
            self.clock.sleep(self.renews_after).await;
            self.store.renew(all, time).await
        })
    }
}

impl Late {
    fn new(site: &Site, after: Duration, renews_after: Duration) -> Self {
        let clock = site.clock.clone();
        Self { store: Arc::new(MemoryStore::new(clock.clone())), clock, after, renews_after }
    }
}

/// How many handlers of so many seconds started, and how many finished, by the time at which one could be.
async fn ran(after: Duration, takes: u64) -> (usize, usize) {
    let site = Site::standard();
    site.send([takes.to_string()]);
    let store = Late::new(&site, after, Duration::ZERO);
    let (handle, running) = site.start(site.consumer().idempotency(Idempotency::new(store)), WorkerConfig::new());
    site.pass(after + seconds(takes + 1)).await;
    let ran = (site.ran.started(), site.ran.finished());
    handle.end();
    running.await.unwrap();
    ran
}

/// Another may have taken the lease over by then.
#[tokio::test(start_paused = true)]
async fn what_is_granted_when_its_lease_is_over_does_not_start() {
    assert_eq!(ran(seconds(50), 1).await, (1, 1));
    assert_eq!(ran(seconds(59), 1).await, (0, 0));
}

/// The beat that its visibility needs would come too late.
#[tokio::test(start_paused = true)]
async fn a_lease_that_was_granted_late_is_renewed_before_it_is_over() {
    assert_eq!(ran(seconds(45), 30).await, (1, 1));
}

/// What is done has no lease any more: that is no loss.
#[tokio::test(start_paused = true)]
async fn what_is_done_while_its_beat_is_under_way_is_deleted() {
    let site = Site::standard();
    site.send(["31"]);
    let store = Late::new(&site, Duration::ZERO, seconds(2));
    let (handle, running) = site.start(site.consumer().idempotency(Idempotency::new(store)), WorkerConfig::new());
    site.pass(seconds(33)).await;
    assert_eq!((handle.stats().lost, site.queue.len()), (0, 0));
    handle.end();
    running.await.unwrap();
}

/// Renewals move a lease's end, and not the time at which its row may be forgotten.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_renewed_outlives_a_short_retention() {
    let site = Site::standard();
    let idempotency = Idempotency::memory().retention(seconds(5)).key(Key::by(|_| Some("one".to_owned())).key_alone());
    let (handle, running) = site.start(site.consumer().idempotency(idempotency), WorkerConfig::new());
    site.send(["300"]);
    site.pass(seconds(100)).await;
    site.send(["1"]);
    site.pass(seconds(100)).await;
    assert_eq!((site.ran.started(), site.queue.len()), (1, 2));
    handle.end();
    running.await.unwrap();
}
