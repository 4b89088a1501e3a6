//! Invocations that fail because the consumer has it so.

use sqs_runtime::{
    Consumer,
    extract::Body,
    run::{FailsWhen, Report},
    testkit::harness::{Delivered, Harness},
};

use super::{obey, orders};

async fn delivered(bodies: &[&str]) -> Delivered {
    let handler = |body: Body| async move {
        let is_shared = &*body == "shared";
        obey(body).await.map_err(|failure| if is_shared { failure.shared() } else { failure })
    };
    Harness::new(Consumer::new(handler).without_idempotency()).deliver(&orders(bodies)).await
}

fn fails(delivered: &Delivered, when: &FailsWhen) -> bool {
    delivered.report().response_unless(Some(when)).is_err()
}

#[tokio::test]
async fn by_default_no_failure_of_a_message_fails_the_invocation() {
    let delivered = delivered(&["fail", "shared"]).await;
    assert!(delivered.report().response_unless(None).is_ok());
}

#[tokio::test]
async fn it_fails_where_all_failed_as_other_libraries_have_it() {
    let when = FailsWhen::new(Report::all_failed);
    assert!(fails(&delivered(&["fail", "reject"]).await, &when));
    assert!(!fails(&delivered(&["fail", "ok"]).await, &when));
    assert!(!fails(&delivered(&[]).await, &when));
}

#[tokio::test]
async fn it_fails_for_a_cause_that_a_handler_called_shared() {
    let when = FailsWhen::new(Report::has_shared_failure);
    let error = delivered(&["ok", "shared"]).await.report().response_unless(Some(&when)).expect_err("it fails");
    assert!(error.to_string().starts_with("1 of 2 messages did not succeed; the invocation fails, as configured"));
    assert!(!error.is_unnamed());
    assert!(!fails(&delivered(&["ok", "fail"]).await, &when));
}

#[tokio::test]
async fn a_condition_that_panics_has_not_said_so() {
    let when = FailsWhen::new(|_| panic!("a bug in the condition"));
    assert!(!fails(&delivered(&["fail"]).await, &when));
    // And where nothing failed it is not asked.
    assert!(!fails(&delivered(&["ok"]).await, &FailsWhen::new(|_| true)));
}
