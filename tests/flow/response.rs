//! Answers: identifiers that cannot be wrong.

use aws_lambda_events::event::sqs::SqsBatchResponse;
use sqs_runtime::{
    Outcome,
    batch::Batch,
    outcome::{Reason, ReasonClass},
    response::PartialBatchResponse,
};

use crate::support::{event, fifo_record, fixture, record};

fn failed() -> Outcome {
    Outcome::Retry(Reason::new(ReasonClass::Handler))
}

fn fold(event: &str, outcomes: &[Outcome]) -> PartialBatchResponse {
    let batch = Batch::from_json(event).expect("an SQS event");
    PartialBatchResponse::fold(&batch, outcomes).expect("every failure has a name")
}

#[test]
fn the_wire_form_is_lambdas() {
    let event = event(&[record("m-1", "x"), record("m-2", "x")]);
    let response = fold(&event, &[Outcome::Done, failed()]);
    assert_eq!(response.to_json(), r#"{"batchItemFailures":[{"itemIdentifier":"m-2"}]}"#);
    assert!(!response.is_complete_success());
    let complete = fold(&event, &[Outcome::Done, Outcome::AlreadyDone]);
    assert!(complete.is_complete_success());
    assert_eq!(complete.to_json(), r#"{"batchItemFailures":[]}"#);
    let theirs = SqsBatchResponse::from(&response);
    assert_eq!(serde_json::to_string(&theirs).expect("serialises"), response.to_json());
}

#[test]
fn a_missing_outcome_is_a_failure() {
    let response = fold(&event(&[record("m-1", "x"), record("m-2", "x")]), &[Outcome::Done]);
    assert_eq!(response.item_identifiers().collect::<Vec<_>>(), ["m-2"]);
}

#[test]
fn everything_but_a_success_comes_back() {
    let reason = || Reason::new(ReasonClass::Handler);
    for outcome in [
        Outcome::Retry(reason()),
        Outcome::Rejected(reason()),
        Outcome::NotStarted(reason()),
        Outcome::InProgressElsewhere,
    ] {
        let response = fold(&event(&[record("m-1", "x")]), std::slice::from_ref(&outcome));
        assert!(!response.is_complete_success(), "{outcome:?}");
    }
}

#[test]
fn the_same_id_twice_is_one_entry_and_any_failure_wins() {
    let response = fold(&fixture("duplicates.json"), &[Outcome::Done, Outcome::Done, failed()]);
    let batch = Batch::from_json(fixture("duplicates.json")).expect("an SQS event");
    assert_eq!(response.item_identifiers().collect::<Vec<_>>(), [batch.message_id(0).expect("named")]);
    assert_eq!(fold(&fixture("duplicates.json"), &[failed(), Outcome::Done, failed()]).item_identifiers().len(), 1);
}

#[test]
fn a_group_comes_back_from_its_first_failure_on() {
    let event = event(&[
        fifo_record("a1", "A", "x"),
        fifo_record("b1", "B", "x"),
        fifo_record("a2", "A", "x"),
        fifo_record("b2", "B", "x"),
        fifo_record("a3", "A", "x"),
    ]);
    let done = || Outcome::Done;
    let response = fold(&event, &[done(), done(), failed(), done(), done()]);
    assert_eq!(response.item_identifiers().collect::<Vec<_>>(), ["a2", "a3"]);
}

#[test]
fn a_failure_without_a_name_is_an_error_and_a_success_without_one_is_not_possible() {
    let batch = Batch::from_json(fixture("malformed/message-id-missing.json")).expect("an SQS event");
    let outcomes = [Outcome::Done, failed(), Outcome::Done];
    let error = PartialBatchResponse::fold(&batch, &outcomes).expect_err("it cannot be named");
    assert!(error.to_string().starts_with("1 of 3 records"), "{error}");
}

#[test]
fn debug_names_the_messages_as_they_may_stand_in_a_log() {
    let response = fold(&event(&[record("m\n1", "x"), record("m-2", "x")]), &[failed(), Outcome::Done]);
    assert_eq!(format!("{response:?}"), r#"PartialBatchResponse { item_identifiers: {"m\\u{a}1"} }"#);
}
