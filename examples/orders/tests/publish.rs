//! The producer, against a queue that refuses entries.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

#[path = "support/queue.rs"]
mod queue;

use std::{
    collections::{BTreeMap, HashSet},
    process::Output,
};

use orders::Order;
use queue::{Queue, Refuses};
use serde_json::Value;
use tokio::process::Command;

async fn publish(endpoint: &str, queue: &str, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_orders"))
        .args(["publish", "--queue-url", &format!("{endpoint}/123456789012/{queue}"), "--rate", "5000"])
        .args(options)
        .env_clear()
        .env("AWS_ENDPOINT_URL_SQS", endpoint)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program starts")
}

/// Code, standard output and standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn summary(output: &Output) -> Value {
    let (code, out, err) = told(output);
    assert_eq!((code, out.lines().count()), (Some(0), 1), "{out}{err}");
    serde_json::from_str(&out).expect("a line of JSON")
}

/// How often each order is in these entries.
fn times(entries: &[Value]) -> BTreeMap<String, u64> {
    let mut times = BTreeMap::new();
    for entry in entries {
        let body = entry["MessageBody"].as_str().expect("a body");
        let order: Order = serde_json::from_str(body).expect("an order");
        assert!(order.total_cents().is_ok(), "{body}");
        *times.entry(order.order_id).or_default() += 1;
    }
    times
}

#[tokio::test]
async fn every_order_arrives_although_entries_were_refused() {
    let (endpoint, queue) = Queue::start(Refuses::SomeOnce).await;
    let output = publish(&endpoint, "orders", &["--count", "95", "--twice", "0.3", "--seed", "5"]).await;
    let (summary, seen) = (summary(&output), queue.seen());
    let times = times(&seen.taken);
    let expected: HashSet<String> = (1..=95).map(|nth| format!("A-5-{nth}")).collect();
    assert_eq!(times.keys().cloned().collect::<HashSet<_>>(), expected);
    let twice = times.values().filter(|times| **times == 2).count();
    assert!(twice > 0 && times.values().all(|times| *times <= 2), "{times:?}");
    assert_eq!(summary, serde_json::json!({"sent": seen.taken.len(), "orders": 95, "twice": twice}));
    assert!(seen.refused.len() > 10, "{} were refused", seen.refused.len());
    assert!(seen.batches.contains(&10), "{:?}", seen.batches);
    assert!(seen.taken.iter().all(|entry| entry["MessageGroupId"].is_null()));
}

#[tokio::test]
async fn on_a_fifo_queue_a_customer_is_a_group_and_no_message_is_taken_for_another() {
    let (endpoint, queue) = Queue::start(Refuses::SomeOnce).await;
    let options = ["--count", "40", "--twice", "1", "--seed", "5", "--fifo-groups", "3"];
    let output = publish(&endpoint, "orders.fifo", &options).await;
    let seen = queue.seen();
    assert_eq!(summary(&output), serde_json::json!({"sent": 80, "orders": 40, "twice": 40}));
    let ids = |entries: &[Value]| -> HashSet<String> {
        entries.iter().map(|entry| entry["MessageDeduplicationId"].to_string()).collect()
    };
    assert_eq!(ids(&seen.taken).len(), 80);
    assert!(ids(&seen.refused).is_subset(&ids(&seen.taken)), "sent again it is the same message");
    let mut groups = HashSet::new();
    for entry in &seen.taken {
        let order: Order = serde_json::from_str(entry["MessageBody"].as_str().expect("a body")).expect("an order");
        assert_eq!(entry["MessageGroupId"], order.customer_id);
        groups.insert(order.customer_id);
    }
    assert_eq!(groups.len(), 3);
}

#[tokio::test]
async fn what_is_always_refused_is_named() {
    let (endpoint, queue) = Queue::start(Refuses::Order("A-5-7\"")).await;
    let output = publish(&endpoint, "orders", &["--count", "20", "--seed", "5"]).await;
    let said = "order A-5-7 was refused 5 times, the last time because: not now\n";
    assert_eq!(told(&output), (Some(1), String::new(), said.into()));
    assert_eq!((queue.seen().refused.len(), queue.seen().taken.len()), (5, 19));
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_said() {
    let (endpoint, _) = Queue::start(Refuses::Requests).await;
    let (code, out, err) = told(&publish(&endpoint, "orders", &["--count", "1"]).await);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("QueueDoesNotExist: there is no such queue"), "{err}");
}

#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_said() {
    // Bound and not listening: a port that was given back another test might take.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let endpoint = format!("http://{}", socket.local_addr().expect("bound"));
    let (code, out, err) = told(&publish(&endpoint, "orders", &["--count", "1"]).await);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("Connection refused") && err.contains("AWS_ENDPOINT_URL_SQS"), "{err}");
}
