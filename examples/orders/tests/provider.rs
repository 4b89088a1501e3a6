//! The payment provider by itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

#[path = "support/charges.rs"]
mod charges;

use std::{collections::HashMap, process::Stdio};

use charges::{Process, calls, in_process, text};
use orders::provider::Faults;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

fn client() -> Client {
    Client::builder().no_proxy().build().expect("a client")
}

/// A charge; an answer that never comes is `None`.
async fn charge(url: &str, key: &str, token: &str, cents: u64) -> Option<(StatusCode, Value)> {
    let body = json!({"paymentToken": token, "totalCents": cents});
    let post = client().post(format!("{url}/charges")).header("Idempotency-Key", key).json(&body);
    let response = post.send().await.ok()?;
    let status = response.status();
    Some((status, response.json().await.unwrap_or_default()))
}

async fn get(url: &str, path: &str) -> Value {
    let response = client().get(format!("{url}{path}")).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap_or_default()
}

fn charged(when: &str) -> Option<(StatusCode, Value)> {
    Some((StatusCode::OK, json!({"charged": when})))
}

#[tokio::test]
async fn a_key_is_charged_once_and_for_nothing_else() {
    let (url, log) = in_process(Faults::none()).await;
    assert_eq!(charge(&url, "a", "tok_visa", 4_999).await, charged("now"));
    assert_eq!(charge(&url, "a", "tok_visa", 4_999).await, charged("before"));
    for (key, token, cents, status) in [
        ("a", "tok_visa", 5_000, StatusCode::UNPROCESSABLE_ENTITY),
        ("a", "tok_amex", 4_999, StatusCode::UNPROCESSABLE_ENTITY),
        ("b", "tok_declined", 1, StatusCode::PAYMENT_REQUIRED),
        ("c", "tok_unavailable", 1, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        assert_eq!(charge(&url, key, token, cents).await, Some((status, Value::Null)), "{key} {token}");
    }
    assert_eq!(get(&url, "/charges").await, json!({"a": {"totalCents": 4_999, "calls": 4}}));
    assert_eq!(get(&url, "/healthz").await, Value::Null);
    let all = ["now sent", "before sent", "keyReused sent", "keyReused sent", "declined sent", "unavailable 503"];
    assert_eq!(log.calls(), all);
}

#[tokio::test]
async fn a_call_without_a_key_or_with_another_body_charges_nothing() {
    let (url, log) = in_process(Faults::none()).await;
    let good = json!({"paymentToken": "tok_visa", "totalCents": 1});
    let long = "k".repeat(257);
    for (key, body) in [
        (None, good.clone()),
        (Some(""), good.clone()),
        (Some(long.as_str()), good.clone()),
        (Some("a"), json!({"paymentToken": "tok_visa", "totalCents": -1})),
        (Some("a"), json!({"paymentToken": "t".repeat(257), "totalCents": 1})),
        (Some("a"), json!("x".repeat(5_000))),
    ] {
        let post = client().post(format!("{url}/charges")).json(&body);
        let post = if let Some(key) = key { post.header("Idempotency-Key", key) } else { post };
        let response = post.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{key:?} {body}");
        assert!(!response.text().await.expect("a text").is_empty());
    }
    assert_eq!(get(&url, "/charges").await, json!({}));
    assert_eq!(log.calls(), ["badRequest sent"; 6]);
}

/// Charges some keys, one after the other, each until it is answered with 200. Hands out the answers and the log.
async fn until_answered(options: &[&str]) -> (Vec<Value>, Vec<u8>) {
    const MAX_CALLS: usize = 64;
    let provider = Process::start(options).await;
    let mut answers = Vec::new();
    for key in 0..16 {
        for call in 0.. {
            assert!(call < MAX_CALLS, "key {key} is never answered");
            if let Some((StatusCode::OK, answer)) = charge(&provider.url, &key.to_string(), "tok_visa", 100).await {
                answers.push(answer);
                break;
            }
        }
    }
    assert_eq!(get(&provider.url, "/charges").await.as_object().map(serde_json::Map::len), Some(16));
    (answers, provider.end().await)
}

#[tokio::test]
async fn after_a_lost_reply_the_same_key_was_charged_before() {
    let options = ["--lose-replies", "0.5", "--seed", "1"];
    let (answers, log) = until_answered(&options).await;
    let mut by_key = HashMap::<String, Vec<(String, String)>>::new();
    for call in calls(&log) {
        let told = (text(&call, "charged").to_owned(), text(&call, "reply").to_owned());
        by_key.entry(text(&call, "key").to_owned()).or_default().push(told);
    }
    for (key, answer) in answers.iter().enumerate() {
        let calls = &by_key[&key.to_string()];
        assert!(calls.iter().enumerate().all(|(nth, (charged, _))| (charged == "now") == (nth == 0)), "{calls:?}");
        let (last, lost) = calls.split_last().expect("at least one call");
        assert!(last.1 == "sent" && lost.iter().all(|(_, reply)| reply == "lost"), "{calls:?}");
        assert_eq!(answer["charged"], last.0);
    }
    let lost = by_key.values().flatten().filter(|(_, reply)| reply == "lost").count();
    assert!(lost > 0, "no reply was lost");
    assert_eq!(until_answered(&options).await.1, log, "the same seed loses the same replies");
}

#[tokio::test]
async fn an_unavailable_provider_has_charged_nothing() {
    let (answers, log) = until_answered(&["--unavailable", "0.5", "--seed", "1"]).await;
    assert_eq!(answers, vec![json!({"charged": "now"}); 16]);
    let calls = calls(&log);
    let unavailable = calls.iter().filter(|call| text(call, "reply") == "503").count();
    assert!(unavailable > 0, "it was always there");
    assert_eq!(calls.len(), 16 + unavailable);
}

#[tokio::test]
async fn a_port_that_is_taken_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_orders"))
        .args(["provider", "--port", &port])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    assert!(said.starts_with(&format!("port {port}: ")), "{said}");
}
