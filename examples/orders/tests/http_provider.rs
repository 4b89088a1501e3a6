//! The consumer with a provider behind HTTP: what a lost answer costs.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

#[path = "support/charges.rs"]
mod charges;

use std::{path::Path, sync::Arc, time::Duration};

use charges::{Process, calls, in_process, text};
use orders::{HttpProvider, Shop, consumer_of, provider::Faults};
use serde_json::json;
use sqs_runtime::{
    Idempotency,
    run::{Pipeline, Replay},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    process::Command,
};

/// A consumer that knows of no earlier message.
fn pipeline(url: &str) -> Pipeline {
    let provider = HttpProvider::new(url).expect("a URL");
    Pipeline::for_tests(consumer_of(Shop::new(Arc::new(provider)), Idempotency::memory()))
}

fn event(token: &str, cents: u64) -> String {
    let items = json!([{"sku": "mug", "quantity": 1, "unitPriceCents": cents}]);
    let order = json!({"orderId": "A-1", "customerId": "C-1", "paymentToken": token, "items": items});
    json!({"Records": [{"messageId": "m-1", "body": order.to_string()}]}).to_string()
}

/// What became of the one record, delivery by delivery.
async fn outcomes(pipeline: &Pipeline, event: String, redeliver: u32) -> Vec<String> {
    let replayed = Replay::new().redeliver(redeliver).event(pipeline, event).await.expect("an SQS event");
    let name = |report: &sqs_runtime::run::Report| report.outcome(0).expect("one record").name().to_owned();
    replayed.reports().iter().map(name).collect()
}

#[tokio::test]
async fn a_lost_reply_is_a_retry_and_the_second_delivery_charges_nothing() {
    // With this seed the first reply for the order's key is lost and the second is not.
    let (url, log) = in_process(Faults::seeded(4).lose_replies(0.5)).await;
    assert_eq!(outcomes(&pipeline(&url), event("tok_visa", 900), 2).await, ["retry", "done", "already done"]);
    assert_eq!(log.calls(), ["now lost", "before sent"]);
}

#[tokio::test]
async fn each_answer_says_whether_to_try_again() {
    let (url, log) = in_process(Faults::none()).await;
    for (token, outcome) in [("tok_declined", "rejected"), ("tok_unavailable", "retry"), ("tok_visa", "done")] {
        assert_eq!(outcomes(&pipeline(&url), event(token, 900), 0).await, [outcome], "{token}");
    }
    // Another consumer, which has not seen the order: only the provider knows that the key has charged something else.
    assert_eq!(outcomes(&pipeline(&url), event("tok_visa", 901), 0).await, ["rejected"]);
    assert_eq!(log.calls(), ["declined sent", "unavailable 503", "now sent", "keyReused sent"]);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_retry() {
    // Bound and not listening: a port that was given back another test might take.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let url = format!("http://{}", socket.local_addr().expect("bound"));
    assert_eq!(outcomes(&pipeline(&url), event("tok_visa", 900), 1).await, ["retry", "retry"]);
    let (url, _) = in_process(Faults::none()).await;
    let no_provider = format!("{url}/elsewhere");
    assert_eq!(outcomes(&pipeline(&no_provider), event("tok_visa", 900), 0).await, ["retry"]);
}

/// The clock stands still and jumps to the next timer when nothing runs: the time limit costs the test nothing.
#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    // The deadline would end it as well, much later.
    let replay = Replay::new().deadline(Duration::from_secs(60));
    let replayed = replay.event(&pipeline(&url), event("tok_visa", 900)).await.expect("an SQS event");
    let record = replayed.reports()[0].records().next().expect("one record");
    assert_eq!(record.outcome.name(), "retry");
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
