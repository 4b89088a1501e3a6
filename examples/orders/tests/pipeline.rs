//! The consumer as a whole: recorded events in, answers out.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::sync::Arc;

use orders::{InMemoryProvider, Shop, consumer_of};
use sqs_runtime::{
    Idempotency,
    run::{Pipeline, Replay},
};

const ORDERS: &str = include_str!("../../../tests/fixtures/orders.json");

#[tokio::test]
async fn each_message_of_a_mixed_batch_gets_what_it_deserves() {
    let provider = Arc::new(InMemoryProvider::new());
    let pipeline = Pipeline::for_tests(consumer_of(Shop::new(provider.clone()), Idempotency::memory()));
    let replayed = Replay::new().redeliver(1).event(&pipeline, ORDERS).await.expect("an SQS event");

    let outcomes = |delivery: usize| -> Vec<&str> {
        let report = replayed.reports().get(delivery);
        report.into_iter().flat_map(|report| report.records()).map(|record| record.outcome.name()).collect()
    };
    let done = |name| [name, name, "rejected", "rejected", "retry", "retry", "rejected", name, name];
    assert_eq!(outcomes(0), done("done"));
    assert_eq!(outcomes(1), done("already done"));
    assert_eq!(provider.charged(), (3, 4_999 + 2_697 + 499_975_000_000), "each good order is charged once");
}

fn sent(message_id: &str, body: &str) -> String {
    let body = serde_json::Value::from(body);
    format!(r#"{{"Records":[{{"messageId":"{message_id}","body":{body}}}]}}"#)
}

async fn outcome(pipeline: &Pipeline, event: String) -> String {
    let report = pipeline.run_event(event, pipeline.invocation(None)).await.expect("an SQS event");
    report.outcome(0).expect("one record").name().to_owned()
}

#[tokio::test]
async fn an_order_that_is_sent_twice_is_charged_once_and_another_one_under_its_id_is_a_conflict() {
    let provider = Arc::new(InMemoryProvider::new());
    let pipeline = Pipeline::for_tests(consumer_of(Shop::new(provider.clone()), Idempotency::memory()));
    let order = |quantity: u32, space: &str| {
        format!(
            r#"{{"orderId":"A-1",{space}"customerId":"C-1","paymentToken":"tok_visa",
            "items":[{{"sku":"mug","quantity":{quantity},"unitPriceCents":900}}]}}"#
        )
    };
    assert_eq!(outcome(&pipeline, sent("m-1", &order(1, ""))).await, "done");
    assert_eq!(outcome(&pipeline, sent("m-2", &order(1, "  "))).await, "already done");
    assert_eq!(outcome(&pipeline, sent("m-3", &order(2, ""))).await, "rejected");
    assert_eq!(provider.charged(), (1, 900));
}
