//! Successes that the consumer deletes itself.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::FutureExt;
use sqs_runtime::{
    Consumer,
    extract::Body,
    queue::Queue,
    testkit::{RecordingQueue, event::Message, harness::Harness, judge::Flag},
};

use super::{deleted, orders, telling};

#[tokio::test]
async fn successes_are_deleted_and_then_the_invocation_fails_if_anything_failed() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, Queue::acknowledge_explicitly));
    let delivered = harness.deliver(&orders(&["ok", "fail"])).await;
    let error = delivered.response().expect_err("the invocation fails");
    assert!(
        error.to_string().starts_with("1 of 2 messages did not succeed; the others are deleted already"),
        "{error}"
    );
    assert_eq!(deleted(&told), ["ok"]);
    // The same under both settings of the flag: nothing that failed is deleted by the mapping.
    for flag in [Flag::On, Flag::Off] {
        assert!(delivered.verdict(flag).fates().all(|fate| fate.is_returned()));
    }
}

/// The invocation fails, and Lambda returns what is still there.
#[tokio::test]
async fn what_is_deleted_does_not_come_back_although_the_invocation_fails() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, Queue::acknowledge_explicitly));
    let delivered = harness.deliver(&orders(&["ok", "fail"])).await;
    delivered.assert_deleted("ok").assert_returned(["fail"]);
    let again = harness.deliver(&delivered.returned()).await;
    assert_eq!(again.report().records().map(|record| record.message_id).collect::<Vec<_>>(), [Some("fail")]);
}

/// Known as told, and as not confirmed.
#[tokio::test]
async fn what_sqs_refused_to_delete_comes_back() {
    let told = Arc::new(RecordingQueue::new().denied());
    let harness = Harness::new(telling(&told, Queue::acknowledge_explicitly));
    let delivered = harness.deliver(&orders(&["ok", "fail"])).await;
    delivered.assert_refused("ok").assert_returned(["ok", "fail"]);
}

/// Who does not answer has not confirmed anything.
#[tokio::test]
async fn a_delete_without_an_answer_is_no_delete() {
    let told = Arc::new(RecordingQueue::new().silent());
    let harness = Harness::new(telling(&told, Queue::acknowledge_explicitly)).deadline(Duration::from_secs(10));
    let delivered = harness.deliver(&orders(&["ok"])).await;
    delivered.assert_done("ok").assert_refused("ok");
}

/// A message whose run nobody heard the end of runs last, once all that is done is deleted: its run may end the process.
#[tokio::test]
async fn what_is_deleted_before_a_suspect_runs_is_known_too() {
    let (told, runs) = (Arc::new(RecordingQueue::new()), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&runs);
    let handler = move |body: Body| {
        let is_first = &*body == "hangs once" && count.fetch_add(1, SeqCst) == 0;
        async move {
            if is_first {
                pending().await
            }
        }
    };
    let harness = Harness::new(Consumer::new(handler).queue(Queue::new(Arc::clone(&told))));
    let event = orders(&["hangs once"]).redelivered();
    assert!(harness.deliver(&event).now_or_never().is_none());
    harness.clock().advance(Duration::from_secs(120));
    let delivered = harness.deliver(&event.redelivered().message(Message::text("x").id("other"))).await;
    delivered.assert_all_done().assert_deleted("other").assert_hidden_for("hangs once", None);
    assert_eq!(deleted(&told), ["other"]);
}

#[tokio::test]
async fn where_all_succeeded_the_answer_says_so() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, Queue::acknowledge_explicitly));
    let delivered = harness.deliver(&orders(&["ok"])).await;
    assert!(delivered.response().is_ok());
    assert_eq!(deleted(&told), ["ok"]);
}

#[tokio::test]
async fn what_the_dead_letter_queue_has_is_deleted_too() {
    let told = Arc::new(RecordingQueue::new());
    let dead = "arn:aws:sqs:eu-west-1:123456789012:dead";
    let harness = Harness::new(telling(&told, |queue| queue.acknowledge_explicitly().dead_letter_queue(dead)));
    assert!(harness.deliver(&orders(&["reject"])).await.response().is_ok());
    assert_eq!(deleted(&told), ["reject"]);
}
