//! User layers: their order, and what they do to a claim.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    Consumer, Delivery, Failure,
    extract::{Body, Json, S3Notification},
    handler::Handled,
    layer::Hooks,
    run::Pipeline,
};
use tower::{BoxError, Layer, Service, timeout::TimeoutLayer};

use crate::support::{event, fixture, outcomes, reasons, record, run, run_again};

/// A layer that notes when a message passes, and may refuse it.
#[derive(Clone)]
struct Gate {
    name: &'static str,
    passed: Arc<Mutex<Vec<&'static str>>>,
    refuse: bool,
}

#[derive(Clone)]
struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;
    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

impl<S> Service<Delivery> for Gated<S>
where
    S: Service<Delivery, Response = Handled, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Handled;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Handled, BoxError>>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }
    fn call(&mut self, delivery: Delivery) -> Self::Future {
        self.gate.passed.lock().expect("no panic").push(self.gate.name);
        if self.gate.refuse {
            return Box::pin(std::future::ready(Err("closed".into())));
        }
        Box::pin(self.inner.call(delivery))
    }
}

#[tokio::test]
async fn the_layer_added_last_is_met_first() {
    let passed = Arc::new(Mutex::new(Vec::new()));
    let gate = |name| Gate { name, passed: Arc::clone(&passed), refuse: false };
    let consumer = Consumer::new(|| async {}).layer(gate("inner")).layer(gate("outer"));
    run(consumer, &event(&[record("m-1", "x")])).await;
    assert_eq!(*passed.lock().expect("no panic"), ["outer", "inner"]);
}

#[tokio::test]
async fn a_layer_sees_no_message_that_is_done() {
    let passed = Arc::new(Mutex::new(Vec::new()));
    let gate = Gate { name: "gate", passed: Arc::clone(&passed), refuse: false };
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}).layer(gate));
    let event = event(&[record("m-1", "x")]);
    run_again(&pipeline, &event).await;
    run_again(&pipeline, &event).await;
    assert_eq!(passed.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn what_a_layer_refuses_is_released() {
    let gate = Gate { name: "gate", passed: Arc::default(), refuse: true };
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}).layer(gate));
    let event = event(&[record("m-1", "x")]);
    for _ in 0..2 {
        let report = run_again(&pipeline, &event).await;
        assert_eq!((outcomes(&report), reasons(&report)), (vec!["retry"], vec!["closed".to_owned()]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_a_layer_drops_is_not_released() {
    let consumer = Consumer::new(|body: Body| async move {
        if body.as_str() == "hang" {
            std::future::pending::<()>().await;
        }
    });
    let pipeline = Pipeline::for_tests(consumer.layer(TimeoutLayer::new(Duration::from_secs(5))));
    let event = event(&[record("m-1", "hang"), record("m-2", "x")]);
    let report = run_again(&pipeline, &event).await;
    assert_eq!(outcomes(&report), ["retry", "done"]);
    assert_eq!(reasons(&report)[0], "request timed out");
    // Its effects may still be landing: the claim runs out instead.
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["in progress elsewhere", "already done"]);
}

#[tokio::test]
async fn a_rejection_survives_a_layer_that_wraps_it() {
    async fn rejects() -> Result<(), Failure> {
        Err(Failure::reject("never"))
    }
    let wrap = tower::util::MapErrLayer::new(|error: BoxError| Box::new(Wrapped(error)) as BoxError);
    let report = run(Consumer::new(rejects).layer(wrap), &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["rejected"]);
}

#[derive(Debug)]
struct Wrapped(BoxError);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wrapped: {}", self.0)
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

#[tokio::test]
async fn a_layer_that_tries_again_runs_the_handler_more_than_once_for_one_delivery() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let consumer = Consumer::new(move || {
        let run = counted.fetch_add(1, SeqCst);
        async move { if run == 0 { Err("at first") } else { Ok(()) } }
    });
    let report = run(consumer.layer(Twice), &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["done"]);
    assert_eq!(report.records().next().map(|record| record.runs), Some(2));
}

/// Tries once more.
#[derive(Clone)]
struct Twice;

#[derive(Clone)]
struct TwiceService<S>(S);

impl<S> Layer<S> for Twice {
    type Service = TwiceService<S>;
    fn layer(&self, inner: S) -> TwiceService<S> {
        TwiceService(inner)
    }
}

impl<S> Service<Delivery> for TwiceService<S>
where
    S: Service<Delivery, Response = Handled, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Handled;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Handled, BoxError>>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }
    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let (first, second) = (self.0.call(delivery.clone()), tower::ServiceExt::oneshot(self.0.clone(), delivery));
        Box::pin(async move {
            match first.await {
                Ok(handled) => Ok(handled),
                Err(_) => second.await,
            }
        })
    }
}

/// What hooks were told, in order.
type Told = Arc<Mutex<Vec<String>>>;

fn hooks(name: &'static str, told: &Told) -> Hooks {
    let (successes, failures) = (Arc::clone(told), Arc::clone(told));
    let note = move |told: &Told, text: String| told.lock().expect("no panic").push(text);
    Hooks::new()
        .on_success(move |record| note(&successes, format!("{name}: {} succeeded", record.message_id())))
        .on_failure(move |record, failure| {
            let kind = if failure.is_reject() { "rejected" } else { "retry" };
            note(&failures, format!("{name}: {} {kind}: {failure}", record.message_id()));
        })
}

fn told(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.lock().expect("no panic"))
}

/// Does what the body says.
async fn obey(body: Body, _: Option<Json<u8>>) -> Result<(), Failure> {
    match body.as_str() {
        "fail" => Err(Failure::retry_after(Duration::from_secs(7)).because("busy")),
        "reject" => Err(Failure::reject("never").for_now()),
        // `resume_unwind` panics without the hook's noise.
        "panic" => std::panic::resume_unwind(Box::new("boom")),
        _ => Ok(()),
    }
}

fn orders() -> String {
    event(&["x", "fail", "reject", "panic"].map(|order| record(order, order)))
}

/// Outcomes, reasons and whether they are remembered: what a layer that only looks must not change.
async fn seen(consumer: Consumer, event: &str) -> String {
    let report = run(consumer, event).await;
    let seen = report.records().map(|record| {
        let reason = record.outcome.reason();
        let of = reason.map(|reason| (reason.class(), reason.to_string(), reason.delay(), reason.is_remembered()));
        (record.outcome.name(), of, record.runs)
    });
    format!("{:?}", seen.collect::<Vec<_>>())
}

#[tokio::test]
async fn hooks_are_told_how_the_handler_ended_and_change_nothing() {
    let list = Told::default();
    let without = seen(Consumer::new(obey), &orders()).await;
    assert_eq!(seen(Consumer::new(obey).layer(hooks("h", &list)), &orders()).await, without);
    let mut told = told(&list);
    told.sort();
    let all = ["h: fail retry: busy", "h: panic retry: boom", "h: reject rejected: never", "h: x succeeded"];
    assert_eq!(told, all);
}

#[tokio::test]
async fn an_argument_that_cannot_be_made_is_a_failure_and_a_test_event_is_not() {
    let list = Told::default();
    let consumer = Consumer::new(|_: Json<u8>| async {}).layer(hooks("h", &list));
    assert_eq!(outcomes(&run(consumer, &event(&[record("m-1", "x")])).await), ["rejected"]);
    assert!(told(&list)[0].starts_with("h: m-1 rejected: the body is not valid JSON"));
    let consumer = Consumer::new(|_: S3Notification| async {}).layer(hooks("h", &list));
    let report = run(consumer, &fixture("s3-test-event.json")).await;
    assert_eq!((outcomes(&report), report.nothing_to_do()), (vec!["done"], 1));
    assert!(told(&list).is_empty());
}

#[tokio::test]
async fn a_hook_that_panics_changes_no_outcome() {
    let panics = || {
        Hooks::new()
            .on_success(|_| std::panic::resume_unwind(Box::new("hook")))
            .on_failure(|_, _| std::panic::resume_unwind(Box::new("hook")))
    };
    let without = seen(Consumer::new(obey), &orders()).await;
    assert_eq!(seen(Consumer::new(obey).layer(panics()), &orders()).await, without);
}

#[tokio::test]
async fn inside_of_a_layer_that_tries_again_each_run_is_told_and_outside_the_last() {
    let (inside, outside) = (Told::default(), Told::default());
    let runs = Arc::new(AtomicUsize::new(0));
    let consumer = Consumer::new(move || {
        let run = runs.fetch_add(1, SeqCst);
        async move { if run == 0 { Err("at first") } else { Ok(()) } }
    });
    let consumer = consumer.layer(hooks("inside", &inside)).layer(Twice).layer(hooks("outside", &outside));
    assert_eq!(outcomes(&run(consumer, &event(&[record("m-1", "x")])).await), ["done"]);
    assert_eq!(told(&inside), ["inside: m-1 retry: at first", "inside: m-1 succeeded"]);
    assert_eq!(told(&outside), ["outside: m-1 succeeded"]);
}

#[tokio::test]
async fn hooks_are_told_of_no_message_that_is_done_and_hand_another_layers_error_on() {
    let list = Told::default();
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}).layer(hooks("h", &list)));
    let event = event(&[record("m-1", "x")]);
    for _ in 0..2 {
        run_again(&pipeline, &event).await;
    }
    assert_eq!(told(&list), ["h: m-1 succeeded"]);
    let gate = Gate { name: "gate", passed: Arc::default(), refuse: true };
    let kept = tower::util::MapErrLayer::new(|error: BoxError| {
        assert!(Failure::behind(&error).is_none(), "it was no failure, and is none");
        error
    });
    let report = run(Consumer::new(|| async {}).layer(gate).layer(hooks("h", &list)).layer(kept), &event).await;
    assert_eq!((outcomes(&report), told(&list)), (vec!["retry"], vec!["h: m-1 retry: closed".to_owned()]));
}
