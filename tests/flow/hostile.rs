//! User code that misbehaves: it fails its own message and nobody else's.

use std::{
    fmt,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    Consumer, Delivery, Failure, Idempotency, Outcome,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Key, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
    },
    extract::{Body, FromDelivery},
    handler::Handled,
    outcome::ReasonClass,
    run::Pipeline,
    testkit::ManualClock,
};
use tower::{BoxError, Layer, Service};

use crate::support::{event, fifo_record, outcomes, reasons, record, returned, run, run_again};

/// Panics without the hook's noise.
fn panic(text: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(text))
}

/// An error that cannot be shown, cannot be dropped, or both.
#[derive(Debug)]
struct Bad {
    shows: bool,
    drops: bool,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shows { f.write_str("bad") } else { Err(fmt::Error) }
    }
}

impl std::error::Error for Bad {}

impl Drop for Bad {
    fn drop(&mut self) {
        if !self.drops && !std::thread::panicking() {
            panic("the error's end panicked");
        }
    }
}

#[tokio::test]
async fn an_error_that_cannot_be_shown_or_dropped_stays_with_its_message() {
    for (shows, drops) in [(false, true), (true, false)] {
        let consumer = Consumer::new(move |body: Body| async move {
            if body.as_str() == "bad" { Err(Failure::from(Bad { shows, drops })) } else { Ok(()) }
        });
        let pipeline = Pipeline::for_tests(consumer);
        let event = event(&[record("m-1", "x"), record("m-2", "bad"), record("m-3", "x")]);
        let report = run_again(&pipeline, &event).await;
        assert_eq!(outcomes(&report), ["done", "retry", "done"], "shows: {shows}, drops: {drops}");
        assert_eq!(report.outcome(1).and_then(Outcome::reason).map(|r| r.class()), Some(ReasonClass::Panic));
        // The others were recorded.
        assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done", "retry", "already done"]);
    }
}

#[tokio::test]
async fn a_key_function_that_panics_fails_its_message() {
    let key = |record: &sqs_runtime::batch::Record| match record.body() {
        "bad" => panic("no key"),
        body => Some(body.to_owned()),
    };
    let consumer = Consumer::new(|| async {}).idempotency(Idempotency::memory().key(Key::by(key).same_body()));
    let report = run(consumer, &event(&[record("m-1", "x"), record("m-2", "bad")])).await;
    assert_eq!(outcomes(&report), ["done", "retry"]);
    assert_eq!(reasons(&report)[1], "no idempotency key: its function panicked: no key");
}

/// A store that panics in what it is asked.
#[derive(Clone, Copy)]
struct Panicking {
    claims: bool,
}

impl IdempotencyStore for Panicking {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        if !self.claims {
            panic("claim");
        }
        let fence = sqs_runtime::claim::FencingToken(1);
        let lease = move |request| ClaimAnswer::Acquired(Lease::granted(request, fence, 1, u64::MAX));
        Box::pin(std::future::ready(requests.iter().map(lease).collect()))
    }
    fn complete<'a>(&'a self, _: &'a [CompleteRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(async { panic("complete") })
    }
    fn release<'a>(&'a self, _: &'a [Lease], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(async { panic("release") })
    }
    fn fail<'a>(&'a self, _: &'a [FailRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        panic("fail")
    }
    fn renew<'a>(&'a self, _: &'a [RenewRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        panic("renew")
    }
    fn mark<'a>(&'a self, _: &'a [MarkRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        panic("mark")
    }
    fn read<'a>(&'a self, _: &'a [IdempotencyKey], _: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        panic("read")
    }
    fn forget<'a>(&'a self, _: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        panic("forget")
    }
}

#[tokio::test]
async fn a_store_that_panics_has_answered_nothing() {
    let consumer = |claims| {
        let consumer =
            Consumer::new(|body: Body| async move { if body.as_str() == "x" { Ok(()) } else { Err("asked") } });
        consumer.idempotency(Idempotency::new(Panicking { claims }))
    };
    let event = event(&[record("m-1", "x"), record("m-2", "fail")]);
    let unclaimed = run(consumer(false), &event).await;
    assert_eq!(reasons(&unclaimed), ["the claim may or may not have been written"; 2]);
    let unrecorded = run(consumer(true), &event).await;
    assert_eq!(reasons(&unrecorded), ["the completion may or may not have been written", "asked"]);
}

/// A layer whose service panics where tower calls it.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    Ready,
    Call,
    Clone,
    Never,
}

struct PanicsService<S> {
    at: Where,
    inner: S,
}

impl<S: Clone> Clone for PanicsService<S> {
    fn clone(&self) -> Self {
        if self.at == Where::Clone {
            panic("clone");
        }
        Self { at: self.at, inner: self.inner.clone() }
    }
}

impl<S> Layer<S> for Where {
    type Service = PanicsService<S>;
    fn layer(&self, inner: S) -> PanicsService<S> {
        PanicsService { at: *self, inner }
    }
}

impl<S> Service<Delivery> for PanicsService<S>
where
    S: Service<Delivery, Response = Handled, Error = BoxError>,
{
    type Response = Handled;
    type Error = BoxError;
    type Future = S::Future;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self.at {
            Where::Ready => panic("ready"),
            Where::Never => Poll::Pending,
            _ => self.inner.poll_ready(cx),
        }
    }
    fn call(&mut self, delivery: Delivery) -> S::Future {
        if self.at == Where::Call {
            panic("call");
        }
        self.inner.call(delivery)
    }
}

#[tokio::test]
async fn a_layer_that_panics_fails_its_message_and_says_so() {
    for (at, says) in [(Where::Ready, "ready"), (Where::Call, "call"), (Where::Clone, "clone")] {
        let report = run(Consumer::new(|| async {}).layer(at), &event(&[record("m-1", "x")])).await;
        assert_eq!(
            (outcomes(&report), reasons(&report)),
            (vec!["retry"], vec![format!("the handler panicked: {says}")])
        );
    }
}

/// An extractor that never ends.
struct Hangs;

impl<S: Sync> FromDelivery<S> for Hangs {
    type Rejection = Failure;
    async fn from_delivery(_: &Delivery, _: &S) -> Result<Self, Failure> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_the_time_before_the_handler_is_told_apart_from_too_little_time() {
    for consumer in [Consumer::new(|| async {}).layer(Where::Never), Consumer::new(|_: Hangs| async {})] {
        let pipeline = Pipeline::for_tests(consumer);
        let invocation = pipeline.invocation(Some(Duration::from_secs(10)));
        let report = pipeline.run_event(event(&[record("m-1", "x")]), invocation).await.expect("an SQS event");
        assert_eq!(outcomes(&report), ["not started"]);
        assert!(reasons(&report)[0].starts_with("stopped before its handler was reached"), "{:?}", reasons(&report));
    }
}

#[tokio::test]
async fn groups_of_the_same_name_in_two_queues_are_two_groups() {
    let consumer = Consumer::new(|body: Body| async move { if body.as_str() == "x" { Ok(()) } else { Err("asked") } });
    let mut other = fifo_record("m-2", "A", "x");
    other["eventSourceARN"] = serde_json::json!("arn:aws:sqs:eu-west-1:123456789012:other.fifo");
    let report = run(consumer, &event(&[fifo_record("m-1", "A", "fail"), other])).await;
    assert_eq!(outcomes(&report), ["retry", "done"]);
    assert_eq!(returned(&report), ["m-1"]);
}

#[tokio::test]
async fn one_id_with_two_bodies_is_a_conflict_also_within_a_batch() {
    let report = run(Consumer::new(|| async {}), &event(&[record("m-1", "one"), record("m-1", "two")])).await;
    assert_eq!(outcomes(&report), ["done", "rejected"]);
    assert_eq!(returned(&report), ["m-1"]);
}

#[tokio::test]
async fn the_memory_store_reads_the_consumers_clock() {
    let clock = ManualClock::new();
    let consumer = Consumer::new(|body: Body| async move {
        if body.as_str() == "hang" {
            std::future::pending::<()>().await;
        }
    });
    let consumer = consumer.idempotency(Idempotency::memory()).clock(clock.clone());
    let pipeline = Pipeline::for_tests(consumer);
    let hang = event(&[record("m-1", "hang")]);
    let stopped = {
        let running = pipeline.run_event(hang.as_str(), pipeline.invocation(Some(Duration::from_secs(10))));
        let moving = async {
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(9));
        };
        tokio::join!(running, moving).0.expect("an SQS event")
    };
    assert_eq!(outcomes(&stopped), ["retry"]);
    let again = async |pipeline: &Pipeline| outcomes(&run_again(pipeline, &event(&[record("m-1", "hang")])).await);
    assert_eq!(again(&pipeline).await, ["in progress elsewhere"]);
    clock.advance(Duration::from_secs(3_600));
    let taken_over = pipeline.run_event(hang.as_str(), pipeline.invocation(Some(Duration::ZERO)));
    assert_eq!(outcomes(&taken_over.await.expect("an SQS event")), ["not started"], "the lease is over");
}

#[tokio::test]
async fn the_longest_time_is_no_overflow() {
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}));
    let invocation = pipeline.invocation(Some(Duration::MAX));
    let report = pipeline.run_event(event(&[record("m-1", "x")]), invocation).await.expect("an SQS event");
    assert_eq!(outcomes(&report), ["done"]);
}

/// An extractor that may work next time.
struct Later;

impl<S: Sync> FromDelivery<S> for Later {
    type Rejection = Failure;
    async fn from_delivery(_: &Delivery, _: &S) -> Result<Self, Failure> {
        Err(Failure::retry("the tenant service is down"))
    }
}

#[tokio::test]
async fn an_optional_argument_does_not_swallow_what_may_pass() {
    let report = run(Consumer::new(|_: Option<Later>| async {}), &event(&[record("m-1", "x")])).await;
    assert_eq!((outcomes(&report), reasons(&report)), (vec!["retry"], vec!["the tenant service is down".to_owned()]));
}

#[tokio::test]
async fn a_layer_can_reject_and_see_what_the_handler_said() {
    #[derive(Clone)]
    struct Noting(Arc<Mutex<Vec<bool>>>);
    let noted = Noting(Arc::default());
    let log = noted.clone();
    let note = tower::util::MapErrLayer::new(move |error: BoxError| {
        let said_reject = Failure::behind(&error).is_some_and(Failure::is_reject);
        log.0.lock().expect("no panic").push(said_reject);
        if said_reject { error } else { Failure::reject("a layer says never").into_error() }
    });
    let consumer = Consumer::new(|body: Body| async move {
        if body.as_str() == "never" { Err::<(), _>(Failure::reject("never")) } else { Err(Failure::retry("later")) }
    });
    let report =
        run(consumer.layer(note).concurrency(1), &event(&[record("m-1", "never"), record("m-2", "later")])).await;
    assert_eq!(outcomes(&report), ["rejected", "rejected"]);
    assert_eq!(reasons(&report), ["never", "a layer says never"]);
    assert_eq!(*noted.0.lock().expect("no panic"), [true, false]);
}

#[tokio::test]
async fn the_causes_of_an_error_are_told() {
    let consumer = Consumer::new(|| async {
        Err::<(), _>(anyhow::anyhow!("connection refused").context("the price list").context("no price"))
    });
    let report = run(consumer, &event(&[record("m-1", "x")])).await;
    assert_eq!(reasons(&report), ["no price: the price list: connection refused"]);
}
