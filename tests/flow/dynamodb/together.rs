//! Writes that travel together: how many requests they are, and that only the single operation decides what none of them did.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::dynamodb::DynamoDbStore,
    run::{Pipeline, Report},
};
use tracing::Level;

use super::counting::{Counted, Sent};
use crate::support::{event, logged, outcomes, record, run_again};

/// A consumer that counts its runs.
struct Counting {
    pipeline: Pipeline,
    runs: Arc<AtomicUsize>,
}

impl Counting {
    fn over(store: DynamoDbStore) -> Self {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let handler = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async {}
        };
        let consumer = Consumer::new(handler).idempotency(Idempotency::new(store).namespace("tests"));
        Self { pipeline: Pipeline::for_tests(consumer), runs }
    }

    async fn deliver(&self, event: &str) -> Report {
        run_again(&self.pipeline, event).await
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }
}

fn messages(count: usize) -> String {
    let records: Vec<Value> = (0..count).map(|id| record(&format!("m-{id}"), "x")).collect();
    event(&records)
}

fn are_all(report: &Report, outcome: &str) -> bool {
    outcomes(report).iter().all(|other| *other == outcome)
}

/// At most 0.10 requests a message at 100, and 0.35 at 10; and as many write units as one by one.
#[tokio::test]
async fn a_batch_is_few_requests() {
    for (count, most) in [(100, 10), (10, 3)] {
        let counted = Counted::new().await;
        let consumer = Counting::over(counted.store());
        let report = consumer.deliver(&messages(count)).await;
        assert!(are_all(&report, "done"), "{:?}", outcomes(&report));
        let sent = counted.take();
        assert_eq!((sent.write_units, sent.read_units), (2 * count, 0));
        assert!(sent.requests <= most, "{count}: {}", sent.requests);

        let alone = Counted::new().await;
        assert!(are_all(&Counting::over(alone.store().write_together(false)).deliver(&messages(count)).await, "done"));
        assert_eq!(alone.take(), Sent { requests: 2 * count, write_units: 2 * count, ..Sent::default() });
    }
}

/// What another process did is known to none of the statements: each is refused, and the operation says why.
#[tokio::test]
async fn what_is_done_already_is_found_by_the_operation() {
    let counted = Counted::new().await;
    let first = Counting::over(counted.store());
    first.deliver(&messages(10)).await;
    let second = Counting::over(counted.store());
    let report = second.deliver(&messages(15)).await;
    let mut expected = vec!["already done"; 10];
    expected.extend(["done"; 5]);
    assert_eq!((outcomes(&report), second.runs()), (expected, 5));
}

/// The reply to a request with all claims, or with completions, or the request itself: whichever is lost, each runs once and is done.
#[tokio::test]
async fn a_request_that_gets_lost_is_made_good_one_by_one() {
    for of in ["INSERT", "UPDATE"] {
        for (requests, replies) in [(1, 0), (0, 1)] {
            let counted = Counted::new().await;
            let consumer = Counting::over(counted.store());
            counted.lose(of, requests, replies);
            let report = consumer.deliver(&messages(12)).await;
            assert!(are_all(&report, "done"), "{of} {requests} {replies}: {:?}", outcomes(&report));
            assert_eq!(consumer.runs(), 12);
            let again = Counting::over(counted.store());
            assert!(are_all(&again.deliver(&messages(12)).await, "already done"), "{of} {requests} {replies}");
        }
    }
}

/// A role without PartiQL's permissions costs one request, once.
#[tokio::test]
async fn a_role_that_may_not_is_asked_once() {
    let counted = Counted::new().await;
    let consumer = Counting::over(counted.store());
    counted.deny(&["INSERT"]);
    let report = consumer.deliver(&messages(10)).await;
    assert!(are_all(&report, "done"), "{:?}", outcomes(&report));
    assert_eq!(counted.take().requests, 1 + 10 + 10);
    let more: Vec<Value> = (20..30).map(|id| record(&format!("m-{id}"), "x")).collect();
    assert!(are_all(&consumer.deliver(&event(&more)).await, "done"));
    assert_eq!(counted.take().requests, 10 + 10);
}

/// However many requests are denied at the same moment.
#[test]
fn a_denial_is_told_once() {
    let log = logged(Level::WARN, async {
        let counted = Counted::new().await;
        counted.deny(&["INSERT"]);
        assert!(are_all(&Counting::over(counted.store()).deliver(&messages(100)).await, "done"));
    });
    assert_eq!(log.text().matches("dynamodb:PartiQLInsert").count(), 1, "{}", log.text());
}

/// Runs these messages with a handler that ends so.
async fn run_all(idempotency: Idempotency, event: &str, end: fn() -> Result<(), Failure>) -> Report {
    let consumer = Consumer::new(move || async move { end() }).idempotency(idempotency.namespace("tests"));
    run_again(&Pipeline::for_tests(consumer), event).await
}

/// Failures give their claims back together, and the messages run when they come again. What a read found is not inserted.
#[tokio::test]
async fn claims_that_are_given_up_travel_too() {
    let counted = Counted::new().await;
    let report = run_all(Idempotency::new(counted.store()), &messages(20), || Err(Failure::retry("busy"))).await;
    assert!(are_all(&report, "retry"));
    assert!(counted.take().requests < 20);
    let again: Vec<_> = (0..20).map(|id| received_twice(&format!("m-{id}"))).collect();
    let consumer = Counting::over(counted.store());
    let report = consumer.deliver(&event(&again)).await;
    assert!(are_all(&report, "done") && consumer.runs() == 20, "{:?}", outcomes(&report));
    let (read_units, claims, completions) = (20, 20, 1);
    assert_eq!(counted.take(), Sent { requests: 41, write_units: claims + 20 * completions, read_units, own_items: 0 });
}

fn received_twice(id: &str) -> Value {
    let mut record = record(id, "x");
    record["attributes"]["ApproximateReceiveCount"] = "2".into();
    record
}

#[tokio::test]
async fn rejections_travel_too() {
    let counted = Counted::new().await;
    let idempotency = Idempotency::new(counted.store()).handler_version("1");
    let report = run_all(idempotency, &messages(20), || Err(Failure::reject("a wrong order"))).await;
    assert!(are_all(&report, "rejected"));
    assert!(counted.take().requests < 20);
}

/// A request has an end: 4 KB of JSON is the largest result that travels.
#[tokio::test]
async fn large_results_go_alone() {
    for (json_bytes, completions) in [(4_096, 1), (4_097, 10)] {
        let counted = Counted::new().await;
        let consumer = Consumer::new(move || async move { Ok::<_, Failure>("x".repeat(json_bytes - 2)) });
        let consumer = consumer.idempotency(Idempotency::new(counted.store()).keep_results(8_192));
        let report = run_again(&Pipeline::for_tests(consumer), &messages(10)).await;
        assert!(are_all(&report, "done"), "{:?}", outcomes(&report));
        assert_eq!(counted.take().requests, 1 + completions, "{json_bytes}");
    }
}
