//! A batch driven: what starts when, what runs beside what, and that every record has one outcome.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::MemoryStore,
    extract::{Body, MessageId},
    run::Pipeline,
    testkit::RecordingStore,
};
use tokio::sync::Barrier;

use crate::support::{event, fifo_record, fixture, outcomes, reasons, record, returned, run, run_again};

/// A handler that fails on the body "fail", and the ids that it was started with, in order.
fn starts() -> (Consumer, Arc<Mutex<Vec<String>>>) {
    let started = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&started);
    let consumer = Consumer::new(move |MessageId(id): MessageId, body: Body| {
        let log = Arc::clone(&log);
        async move {
            log.lock().expect("no panic").push(id);
            tokio::task::yield_now().await;
            if body.as_str() == "fail" { Err(Failure::from("asked to fail")) } else { Ok(()) }
        }
    });
    (consumer, started)
}

#[tokio::test]
async fn an_empty_event_is_an_empty_success() {
    let report = run(Consumer::new(|| async {}), &fixture("malformed/empty.json")).await;
    assert_eq!(report.response().expect("nothing failed").to_json(), r#"{"batchItemFailures":[]}"#);
}

/// One that ends the process has done so before: those that never came have their run first.
#[tokio::test]
async fn messages_that_never_came_before_start_first() {
    let received = |id: &str, receives: &str| {
        let mut record = record(id, "x");
        record["attributes"]["ApproximateReceiveCount"] = receives.into();
        record
    };
    let records = [received("again", "2"), received("unknown", "many"), received("new", "1"), received("newer", "1")];
    let (consumer, started) = starts();
    run(consumer.without_idempotency().concurrency(1), &event(&records)).await;
    assert_eq!(*started.lock().expect("no panic"), ["new", "newer", "again", "unknown"]);
}

#[tokio::test]
async fn messages_run_beside_each_other() {
    // Each waits for all: one after the other they would never end.
    let barrier = Arc::new(Barrier::new(10));
    let consumer = Consumer::new(move || {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
        }
    });
    let records: Vec<_> = (0..10).map(|n| record(&format!("m-{n}"), "x")).collect();
    assert!(returned(&run(consumer, &event(&records)).await).is_empty());
}

#[tokio::test]
async fn the_limit_holds_for_all_invocations_together() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let consumer = Consumer::new(move || {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        async move {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            running.fetch_sub(1, SeqCst);
        }
    });
    let pipeline = Pipeline::for_tests(consumer.concurrency(3).without_idempotency());
    let batch = |name: &str| event(&(0..20).map(|n| record(&format!("{name}-{n}"), "x")).collect::<Vec<_>>());
    let (one, other) = (batch("a"), batch("b"));
    let (one, other) = tokio::join!(run_again(&pipeline, &one), run_again(&pipeline, &other));
    assert!(returned(&one).is_empty() && returned(&other).is_empty());
    assert_eq!(seen.load(SeqCst), 3);
}

#[tokio::test]
async fn the_same_message_twice_runs_once_and_shares_its_outcome() {
    let (consumer, started) = starts();
    let twice = |body: &str| event(&[record("m-1", body), record("m-2", "x"), record("m-1", body)]);
    let report = run(consumer.without_idempotency(), &twice("x")).await;
    assert_eq!(outcomes(&report), ["done", "done", "done"]);
    assert_eq!(started.lock().expect("no panic").len(), 2);
    let (consumer, _) = starts();
    let report = run(consumer, &twice("fail")).await;
    assert_eq!(outcomes(&report), ["retry", "done", "retry"]);
    assert_eq!(returned(&report), ["m-1"]);
}

#[tokio::test]
async fn a_malformed_copy_fails_the_message_although_the_other_ran() {
    let (consumer, _) = starts();
    let mut malformed = record("m-1", "x");
    malformed["body"] = serde_json::json!(5);
    let report = run(consumer, &event(&[record("m-1", "x"), malformed])).await;
    assert_eq!(outcomes(&report), ["done", "rejected"]);
    assert_eq!(returned(&report), ["m-1"]);
}

#[tokio::test]
async fn after_a_failure_the_rest_of_its_group_does_not_start_and_other_groups_go_on() {
    let (consumer, started) = starts();
    let records = [
        fifo_record("a1", "A", "x"),
        fifo_record("b1", "B", "x"),
        fifo_record("a2", "A", "fail"),
        fifo_record("a3", "A", "x"),
        fifo_record("b2", "B", "x"),
        fifo_record("a4", "A", "x"),
    ];
    let report = run(consumer, &event(&records)).await;
    assert_eq!(outcomes(&report), ["done", "done", "retry", "not started", "done", "not started"]);
    assert_eq!(reasons(&report)[3], "an earlier message of its group failed");
    assert_eq!(returned(&report), ["a2", "a3", "a4"]);
    let started = started.lock().expect("no panic");
    let order = |group: char| started.iter().filter(|id| id.starts_with(group)).cloned().collect::<Vec<_>>();
    assert_eq!((order('a'), order('b')), (vec!["a1".into(), "a2".into()], vec!["b1".to_owned(), "b2".into()]));
}

#[tokio::test]
async fn a_fair_queue_has_no_order() {
    let (consumer, started) = starts();
    let mut records = [record("m-1", "fail"), record("m-2", "x"), record("m-3", "x")];
    for record in &mut records {
        record["attributes"]["MessageGroupId"] = serde_json::json!("A");
    }
    let report = run(consumer, &event(&records)).await;
    assert_eq!(outcomes(&report), ["retry", "done", "done"]);
    assert_eq!(started.lock().expect("no panic").len(), 3);
}

#[tokio::test]
async fn a_malformed_record_stops_its_group() {
    let (consumer, _) = starts();
    let mut malformed = fifo_record("a1", "A", "x");
    malformed["body"] = serde_json::json!(null);
    let report = run(consumer, &event(&[malformed, fifo_record("a2", "A", "x"), fifo_record("b1", "B", "x")])).await;
    assert_eq!(outcomes(&report), ["rejected", "not started", "done"]);
}

#[tokio::test]
async fn a_record_without_a_name_fails_the_invocation_after_the_others_ran() {
    let (consumer, started) = starts();
    let report = run(consumer, &fixture("malformed/message-id-missing.json")).await;
    assert_eq!(started.lock().expect("no panic").len(), 2);
    assert!(report.response().is_err());
}

#[tokio::test]
async fn a_dropped_batch_stops_its_handlers() {
    struct OnDrop(Arc<AtomicUsize>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let (started, dropped) = (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starting, dropping) = (Arc::clone(&started), Arc::clone(&dropped));
    let consumer = Consumer::new(move || {
        let (starting, guard) = (Arc::clone(&starting), OnDrop(Arc::clone(&dropping)));
        async move {
            starting.add_permits(1);
            std::future::pending::<()>().await;
            drop(guard);
        }
    });
    let pipeline = Pipeline::for_tests(consumer);
    let event = event(&[record("m-1", "x"), record("m-2", "x")]);
    {
        let running = run_again(&pipeline, &event);
        let both = started.acquire_many(2);
        futures_util::pin_mut!(running, both);
        assert!(matches!(futures_util::future::select(running, both).await, futures_util::future::Either::Right(_)));
    }
    while dropped.load(SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn everything_that_is_about_to_start_is_claimed_at_once() {
    let store = MemoryStore::new(sqs_runtime::SystemClock::new());
    let store = RecordingStore::new(store);
    let consumer = Consumer::new(|| async {}).idempotency(Idempotency::new(store.clone()));
    let records: Vec<_> = (0..50).map(|n| record(&format!("m-{n}"), "x")).collect();
    run(consumer, &event(&records)).await;
    let claims: Vec<_> =
        store.calls().iter().filter(|call| call.operation == "claim").map(|call| call.elements).collect();
    assert_eq!(claims, [50]);
}
