//! Successes that the consumer deletes itself.

use std::sync::Arc;

use sqs_runtime::{
    queue::Queue,
    testkit::{RecordingQueue, harness::Harness, judge::Flag},
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
