//! Invocations that fail because the consumer has it so.

use std::sync::Arc;

use serde_json::Value;
use sqs_runtime::{
    Consumer, Failure,
    extract::Body,
    queue::Queue,
    response::{FailedInvocation, PartialBatchResponse},
    run::{FailsWhen, Pipeline, Report},
    testkit::{RecordingQueue, harness::Harness},
};

use super::{copied, deleted, hidden, obey, orders};

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:orders-dead";

async fn obey_or_share(body: Body) -> Result<(), Failure> {
    let is_shared = &*body == "shared";
    obey(body).await.map_err(|failure| if is_shared { failure.shared() } else { failure })
}

/// What becomes of an invocation that fails for shared failures, by a consumer that tells this queue.
async fn invoked(told: &Arc<RecordingQueue>, event: Value) -> Report {
    let queue = Queue::new(Arc::clone(told)).dead_letter_queue(DEAD);
    let pipeline = Pipeline::for_tests(Consumer::new(obey_or_share).without_idempotency().queue(queue));
    let invocation = pipeline.invocation(None).fail_when(FailsWhen::new(Report::has_shared_failure));
    pipeline.run_event(event.to_string(), invocation).await.expect("an SQS event")
}

fn event(bodies: &[&str]) -> Value {
    serde_json::from_str(&orders(bodies).to_json()).expect("an event is JSON")
}

/// Lambda gives all of it back: were what is done and what is copied not deleted by then, each return would spend their receives, and send
/// another copy.
#[tokio::test]
async fn what_is_done_or_copied_leaves_the_queue_before_the_invocation_fails() {
    let told = Arc::new(RecordingQueue::new());
    let report = invoked(&told, event(&["ok", "shared", "reject", "fail"])).await;
    let error = report.response().expect_err("the invocation fails");
    assert!(error.to_string().starts_with("2 of 4 messages did not succeed; the invocation fails, as configured"));
    assert_eq!(copied(&told), ["reject"]);
    assert_eq!(deleted(&told), ["ok", "reject"]);
    let failed: Vec<String> = hidden(&told).into_iter().map(|(message, _)| message).collect();
    assert_eq!(failed, ["shared", "fail"]);
}

#[tokio::test]
async fn where_the_invocation_does_not_fail_lambda_deletes() {
    let told = Arc::new(RecordingQueue::new());
    let report = invoked(&told, event(&["ok", "reject", "fail"])).await;
    assert!(report.response().is_ok());
    assert!(deleted(&told).is_empty());
}

/// The same where it fails because nothing can name a failure.
#[tokio::test]
async fn what_is_done_leaves_the_queue_beside_a_failure_without_a_name() {
    let told = Arc::new(RecordingQueue::new());
    let mut event = event(&["ok", "fail"]);
    event["Records"][1].as_object_mut().expect("a record").remove("messageId");
    assert!(invoked(&told, event).await.response().expect_err("the invocation fails").is_unnamed());
    assert_eq!(deleted(&told), ["ok"]);
}

/// The answer of an invocation that fails by this condition, of a consumer that tells no queue.
async fn answer(
    bodies: &[&str],
    when: impl Fn(&Report) -> bool + Send + Sync + 'static,
) -> Result<PartialBatchResponse, FailedInvocation> {
    let harness = Harness::new(Consumer::new(obey_or_share).without_idempotency()).fail_invocation_when(when);
    harness.deliver(&orders(bodies)).await.report().response()
}

#[tokio::test]
async fn by_default_no_failure_of_a_message_fails_the_invocation() {
    let harness = Harness::new(Consumer::new(obey_or_share).without_idempotency());
    assert!(harness.deliver(&orders(&["fail", "shared"])).await.report().response().is_ok());
}

#[tokio::test]
async fn it_fails_where_all_failed_as_other_libraries_have_it() {
    let when = Report::all_failed;
    assert!(answer(&["fail", "reject"], when).await.is_err());
    assert!(answer(&["fail", "ok"], when).await.is_ok());
    assert!(answer(&[], when).await.is_ok());
}

#[tokio::test]
async fn it_fails_for_a_cause_that_a_handler_called_shared() {
    let when = Report::has_shared_failure;
    let error = answer(&["ok", "shared"], when).await.expect_err("it fails");
    assert!(error.to_string().starts_with("1 of 2 messages did not succeed; the invocation fails, as configured"));
    assert!(!error.is_unnamed());
    assert!(answer(&["ok", "fail"], when).await.is_ok());
}

#[tokio::test]
async fn a_condition_that_panics_has_not_said_so() {
    let when = |_: &Report| panic!("a bug in the condition");
    assert!(answer(&["fail"], when).await.is_ok());
    // And where nothing failed it is not asked.
    assert!(answer(&["ok"], |_| true).await.is_ok());
}
