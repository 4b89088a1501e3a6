//! The consumer as a whole: recorded events in, what became of each message out.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "support/order.rs"]
mod order;

use std::sync::Arc;

use order::mugs;
use orders::{InMemoryProvider, Shop, consumer_of};
use sqs_runtime::{
    Idempotency,
    testkit::{event::Event, harness::Harness},
};

/// The shop under test, and who takes its money.
fn shop() -> (Harness, Arc<InMemoryProvider>) {
    let provider = Arc::new(InMemoryProvider::new());
    let consumer = consumer_of(Shop::new(provider.clone()), Idempotency::memory());
    (Harness::new(consumer), provider)
}

/// The message of that number in the README's batch.
fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

#[tokio::test]
async fn each_message_of_a_mixed_batch_gets_what_it_deserves() {
    let (harness, provider) = shop();
    let event = Event::from_file("../../tests/fixtures/orders.json").expect("the README's batch");

    let first = harness.deliver(&event).await;
    for done in [1, 2, 9] {
        first.assert_done(&id(done)).assert_runs(&id(done), 1);
    }
    first.assert_rejected(&id(3)).because("not valid JSON");
    first.assert_rejected(&id(4)).because("no items");
    first.assert_retried(&id(5)).because("unavailable");
    first.assert_retried(&id(6)).because("panicked");
    first.assert_rejected(&id(7)).because("declined");
    let failed = [3, 4, 5, 6, 7].map(id);
    first.assert_returned(failed.iter().map(String::as_str));

    let second = harness.redeliver(&first).await;
    for done in [1, 2, 9] {
        second.assert_already_done(&id(done)).assert_runs(&id(done), 0);
    }
    second.assert_returned(failed.iter().map(String::as_str));
    assert_eq!(provider.charged(), (3, 4_999 + 2_697 + 499_975_000_000), "each good order is charged once");
}

#[tokio::test]
async fn an_order_that_is_sent_twice_is_charged_once_and_another_one_under_its_id_is_a_conflict() {
    let (harness, provider) = shop();
    let event = Event::standard("orders");
    harness.deliver(&event.clone().message(mugs(1, "tok_visa").id("m-1"))).await.assert_done("m-1");
    harness.deliver(&event.clone().message(mugs(1, "tok_visa").id("m-2"))).await.assert_already_done("m-2");
    let conflict = harness.deliver(&event.message(mugs(2, "tok_visa").id("m-3"))).await;
    conflict.assert_rejected("m-3").because("the key was completed with another payload");
    assert_eq!(provider.charged(), (1, 900));
}
