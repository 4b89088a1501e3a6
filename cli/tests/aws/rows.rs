//! `explain` and `forget` on rows as the runtime writes them, in a DynamoDB in this process: the program, the SDK and the wire.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::{Database, server};
use serde_json::Value;
use sqs_runtime::{
    Clock as _, SystemClock,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteRequest, FailRequest, IdempotencyKey, IdempotencyStore as _, Lease, Owner,
        PayloadHash,
        dynamodb::{DynamoDbStore, Table},
    },
    run::{Spawn as _, TokioSpawn},
};
use tokio::net::TcpListener;

use crate::{
    dynamodb_client::{client, create_table},
    program::{program, told},
};

/// A table with what the runtime put there.
struct Rows {
    endpoint: String,
    client: aws_sdk_dynamodb::Client,
    store: DynamoDbStore,
    owners: AtomicU64,
}

impl Rows {
    async fn new(keys: &[&str], table: Table) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let database = Database::memory().expect("a database");
        TokioSpawn.spawn(Box::pin(server::serve_on(listener, database)));
        let client = client(&endpoint);
        create_table(&client, "idempotency", keys).await;
        Self { endpoint, store: DynamoDbStore::new(client.clone(), table), client, owners: AtomicU64::new(1 << 40) }
    }

    fn owner(&self) -> Owner {
        Owner::from_bits(self.owners.fetch_add(1, Ordering::Relaxed).into())
    }

    async fn plain() -> Self {
        Self::new(&["id"], Table::new("idempotency")).await
    }

    async fn claim(&self, id: &str, lease_ms: i64, version: &str) -> Lease {
        let now_ms = now_ms();
        let ends = now_ms.saturating_add_signed(lease_ms);
        let request = ClaimRequest::new(key(id), self.owner(), ends, now_ms / 1_000 + 1_000, PayloadHash::of(b"x"));
        match self.store.claim(&[request.version(version)], None).await.pop() {
            Some(ClaimAnswer::Acquired(lease)) => lease,
            other => panic!("{other:?}"),
        }
    }

    async fn reject(&self, id: &str) {
        let lease = self.claim(id, 60_000, "12").await;
        self.store.fail(&[FailRequest::new(lease, "12", "card \u{1b}[31mdeclined")], None).await;
    }

    fn run(&self, command: &str, words: &[&str]) -> (Option<i32>, String, String) {
        told(&program(&self.endpoint, &[&[command, "idempotency"], words].concat()))
    }

    fn explained(&self, id: &str) -> Value {
        let (code, out, errors) = self.run("explain", &[id, "--namespace", "orders", "--format", "json"]);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{out}");
        serde_json::from_str(&out).expect("JSON")
    }
}

fn key(id: &str) -> IdempotencyKey {
    IdempotencyKey::derive("orders", &[id.as_bytes()])
}

fn now_ms() -> u64 {
    let since = SystemClock::new().wall().duration_since(std::time::UNIX_EPOCH).expect("a clock that is right");
    u64::try_from(since.as_millis()).expect("64 bits")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_is_told_with_what_comes_next() {
    let rows = Rows::plain().await;
    rows.claim("running", 60_000, "12").await;
    let unheard = rows.claim("unheard", -60_000, "12").await;
    let done = rows.claim("done", 60_000, "12").await;
    rows.store.complete(&[CompleteRequest::new(done, now_ms() / 1_000 + 1_000)], None).await;
    let released = rows.claim("released", 60_000, "12").await;
    rows.store.release(&[released], None).await;
    rows.reject("rejected").await;
    for (id, status, attempts, next) in [
        ("running", "in progress", 1, "in progress elsewhere"),
        ("unheard", "in progress", 1, "the handler runs: the lease is over"),
        ("done", "done", 0, "already done"),
        ("released", "released", 0, "the handler runs"),
        ("rejected", "rejected", 0, "rejected without a run"),
    ] {
        let told = rows.explained(id);
        assert_eq!((&told["status"], &told["attempts"]), (&status.into(), &attempts.into()), "{told}");
        assert!(told["next_delivery"].as_str().is_some_and(|told| told.starts_with(next)), "{told}");
        assert_eq!(told["key"], key(id).as_str());
    }
    let (code, out, _) = rows.run("explain", &[key("unheard").as_str()]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("its lease ended") && out.contains("1 run in a row ended without a word"), "{out}");
    assert!(!out.contains(&unheard.owner().to_text()), "{out}");
    let (code, out, errors) = rows.run("explain", &["nobody", "--namespace", "orders"]);
    assert_eq!((code, errors.as_str()), (Some(1), ""));
    assert!(out.contains("there is no row") && out.contains("next delivery: the handler runs"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_is_taken_back_only_where_that_is_meant() {
    let rows = Rows::plain().await;
    rows.reject("m-1").await;
    let words = ["m-1", "--namespace", "orders"];
    let (code, out, _) = rows.run("forget", &words);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("--yes") && out.contains("rejected (card \\u{1b}[31mdeclined)"), "{out}");
    assert_eq!(rows.explained("m-1")["status"], "rejected");
    let (code, out, errors) = rows.run("forget", &[&words[..], &["--yes"]].concat());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{out}");
    assert_eq!(rows.explained("m-1")["status"], "released");
    // The protocol grants it now.
    rows.claim("m-1", 60_000, "12").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_lease_nor_a_success_is_forgotten() {
    let rows = Rows::plain().await;
    rows.claim("running", 60_000, "12").await;
    let done = rows.claim("done", 60_000, "12").await;
    rows.store.complete(&[CompleteRequest::new(done, now_ms() / 1_000 + 1_000)], None).await;
    for (id, status, says) in
        [("running", "in progress", "wait for its end"), ("done", "done", "never undone"), ("nobody", "", "no row")]
    {
        let (code, out, _) = rows.run("forget", &[id, "--namespace", "orders", "--yes"]);
        assert_eq!(code, Some(1), "{out}");
        assert!(out.contains(says), "{out}");
        if !status.is_empty() {
            assert_eq!(rows.explained(id)["status"], status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_somebody_else_is_no_answer() {
    let rows = Rows::plain().await;
    let put = rows.client.put_item().table_name("idempotency");
    let put = put.item("id", AttributeValue::S(key("m-1").as_str().into()));
    put.item("status", AttributeValue::S("COMPLETED".into())).send().await.expect("it is written");
    for command in ["explain", "forget"] {
        let (code, out, errors) = rows.run(command, &["m-1", "--namespace", "orders"]);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(errors.contains("idempotency: the row is none of sqs-runtime's"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_a_sort_key_is_read_too() {
    let table = Table::new("idempotency").composite_key("pk", "keys", "sk");
    let rows = Rows::new(&["pk", "sk"], table).await;
    rows.reject("m-1").await;
    let where_it_is = ["--partition-key", "pk", "--partition", "keys", "--sort-key", "sk"];
    let (code, out, errors) = rows.run("explain", &[&["m-1", "--namespace", "orders"], &where_it_is[..]].concat());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("rejected"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_2_with_the_reason() {
    let rows = Rows::plain().await;
    let output = program(&rows.endpoint, &["explain", "nowhere", "m-1", "--namespace", "orders"]);
    let (code, out, errors) = told(&output);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.starts_with("nowhere: ") && errors.lines().count() == 1, "{errors}");
}
