//! A message that cannot be stopped: its store never says that it is given up.

use std::{future::ready, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    Idempotency,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, FencingToken, HeldAnswer,
        IdempotencyKey, IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
    },
    run::{Worker, WorkerConfig},
};

use super::{Site, health::get, seconds};

/// Grants everything, and never answers who gives a claim up.
struct Stuck;

type Time = Option<Duration>;

fn each<'a, T, A: Send + 'a>(elements: &[T], answer: impl FnMut(&T) -> A) -> BoxFuture<'a, Vec<A>> {
    Box::pin(ready(elements.iter().map(answer).collect()))
}

impl IdempotencyStore for Stuck {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], _: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        each(requests, |request| ClaimAnswer::Acquired(Lease::granted(request, FencingToken(1), 1, u64::MAX)))
    }
    fn complete<'a>(&'a self, requests: &'a [CompleteRequest], _: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        each(requests, |_| CompleteAnswer::Committed)
    }
    fn release<'a>(&'a self, _: &'a [Lease], _: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(std::future::pending())
    }
    fn cancel<'a>(&'a self, _: &'a [Lease], _: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(std::future::pending())
    }
    fn fail<'a>(&'a self, requests: &'a [FailRequest], _: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        each(requests, |_| HeldAnswer::Written)
    }
    fn renew<'a>(&'a self, requests: &'a [RenewRequest], _: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        each(requests, |_| RenewAnswer::Held { lease_expires_at_ms: u64::MAX })
    }
    fn mark<'a>(&'a self, requests: &'a [MarkRequest], _: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        each(requests, |_| CompleteAnswer::Committed)
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], _: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        each(keys, |_| ReadAnswer::Nothing)
    }
    fn forget<'a>(&'a self, _: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(Ok(false)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_with_a_message_that_cannot_be_stopped_does_not_live() {
    let site = Site::standard();
    site.send(["50", "200"]);
    let config = WorkerConfig::new().queue(site.queue.arn()).health(0).max_duration(seconds(100));
    let consumer = site.consumer().idempotency(Idempotency::new(Stuck));
    let worker = Worker::new(consumer, Arc::clone(&site.queue), config).unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(async move { worker.run().await.unwrap() });
    site.pass(seconds(158)).await;
    let address = handle.health_address().expect("it listens");
    assert_eq!((site.ran.finished(), get(address, "/healthz").await), (1, (200, "live".to_owned())));
    site.pass(seconds(5)).await;
    let (status, why) = get(address, "/healthz").await;
    assert!(status == 503 && why.starts_with("a message that took too long was told to stop 6"), "{status} {why}");
    handle.end();
    running.await.unwrap();
}
