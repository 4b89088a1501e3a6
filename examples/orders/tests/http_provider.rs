//! The consumer with a provider behind HTTP: what a lost answer costs. The provider is the shop's own, behind a socket.
//!
//! The last two start the program: what a second process does, and one with a wrong setting.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "support/charges.rs"]
mod charges;
#[path = "support/order.rs"]
mod order;

use std::{path::Path, sync::Arc, time::Duration};

use charges::{Process, calls, in_process, text};
use order::mugs;
use orders::{HttpProvider, Shop, consumer_of, provider::Faults};
use sqs_runtime::{
    Idempotency,
    testkit::{event::Event, harness::Harness},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    process::Command,
};

/// A shop that charges there and knows of no earlier message.
fn shop(url: &str) -> Harness {
    let provider = HttpProvider::new(url).expect("a URL");
    Harness::new(consumer_of(Shop::new(Arc::new(provider)), Idempotency::memory()))
}

fn event(token: &str) -> Event {
    Event::standard("orders").message(mugs(1, token).id("m-1"))
}

#[tokio::test]
async fn a_lost_reply_is_a_retry_and_the_second_delivery_charges_nothing() {
    // With this seed the first reply for the order's key is lost and the second is not.
    let (url, log) = in_process(Faults::seeded(3).lose_replies(0.5)).await;
    let shop = shop(&url);
    let first = shop.deliver(&event("tok_visa")).await;
    first.assert_retried("m-1").because("the payment provider is unavailable");
    let second = shop.redeliver(&first).await;
    second.assert_done("m-1").assert_runs("m-1", 1);
    shop.redeliver(&second).await.assert_already_done("m-1").assert_runs("m-1", 0);
    assert_eq!(log.calls(), ["now lost", "before sent"]);
}

#[tokio::test]
async fn each_answer_says_whether_to_try_again() {
    let (url, log) = in_process(Faults::none()).await;
    shop(&url).deliver(&event("tok_declined")).await.assert_rejected("m-1").because("the card was declined");
    shop(&url).deliver(&event("tok_unavailable")).await.assert_retried("m-1");
    shop(&url).deliver(&event("tok_visa")).await.assert_done("m-1");
    // Another shop, which has not seen the order: only the provider knows that the key has charged something else.
    let dearer = Event::standard("orders").message(mugs(2, "tok_visa").id("m-1"));
    shop(&url).deliver(&dearer).await.assert_rejected("m-1");
    assert_eq!(log.calls(), ["declined sent", "unavailable 503", "now sent", "keyReused sent"]);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_retry() {
    // Bound and not listening: a port that was given back another test might take.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let nobody = shop(&format!("http://{}", socket.local_addr().expect("bound")));
    let first = nobody.deliver(&event("tok_visa")).await;
    first.assert_retried("m-1");
    nobody.redeliver(&first).await.assert_retried("m-1");
    let (url, _) = in_process(Faults::none()).await;
    shop(&format!("{url}/elsewhere")).deliver(&event("tok_visa")).await.assert_retried("m-1");
}

/// The clock stands still and jumps to the next timer when nothing runs: the time limit costs the test nothing.
#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    // The deadline would end it as well, much later.
    let delivered = shop(&url).deadline(Duration::from_secs(60)).deliver(&event("tok_visa")).await;
    delivered.assert_retried("m-1").because("the payment provider is unavailable");
    let record = delivered.report().records().next().expect("one record");
    assert!(record.duration < Duration::from_secs(3), "{:?}", record.duration);
    drop(listener);
}

#[tokio::test]
async fn a_second_consumer_without_a_table_charges_nothing_more() {
    let provider = Process::start(&[]).await;
    let event = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/standard.json");
    for _ in 0..2 {
        let replay = Command::new(env!("CARGO_BIN_EXE_orders"))
            .arg("replay")
            .arg(&event)
            .env_clear()
            .env("PAYMENT_URL", &provider.url)
            .kill_on_drop(true)
            .output();
        let output = replay.await.expect("the program starts");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"batchItemFailures\":[]}\n");
    }
    let calls = calls(&provider.end().await);
    let count = |charged: &str| calls.iter().filter(|call| text(call, "charged") == charged).count();
    assert_eq!((count("now"), count("before"), calls.len()), (3, 3, 6));
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_found_at_the_start() {
    let output = Command::new(env!("CARGO_BIN_EXE_orders"))
        .args(["replay", "-"])
        .env_clear()
        .env("PAYMENT_URL", "https://pay.example")
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    assert!(said.contains("the payment provider's URL cannot be used: it must begin with http://"), "{said}");
}
