//! The program with a table: what one process did, the next one knows.

#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "../../../tests/shared/dynamodb.rs"]
mod dynamodb;

use std::{path::Path, process::Output};

use dynoxide::{Database, server};
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{net::TcpListener, process::Command};

/// A DynamoDB in this process, with a table of that name.
async fn endpoint(table: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    TokioSpawn.spawn(Box::pin(server::serve_on(listener, Database::memory().expect("a database"))));
    dynamodb::create_table(&dynamodb::client(&endpoint), table, &["id"]).await;
    endpoint
}

async fn replay(endpoint: &str, table: &str) -> Output {
    let event = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/orders.json");
    Command::new(env!("CARGO_BIN_EXE_orders"))
        .arg("replay")
        .arg(event)
        .env_clear()
        .env("RUST_BACKTRACE", "0")
        .env("IDEMPOTENCY_TABLE", table)
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_charges_nothing_again() {
    let endpoint = endpoint("idempotency").await;
    let charges = async || {
        let output = replay(&endpoint, "idempotency").await;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{log}");
        (log.matches("charged orderId=").count(), log.matches("already done").count())
    };
    // Four rows and the word in the line that counts them.
    assert_eq!(charges().await, (3, 0));
    assert_eq!(charges().await, (0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_found_at_the_start() {
    let endpoint = endpoint("idempotency").await;
    let output = replay(&endpoint, "another").await;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("there is no such table in this account and region"), "{log}");
    assert!(output.stdout.is_empty());
}
