//! The program, as a user starts it.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

#[path = "../../../tests/shared/dynamodb.rs"]
mod dynamodb;

use std::process::Output;

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::{Database, server};
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{net::TcpListener, process::Command};

async fn replay(settings: &[(&str, &str)]) -> (Output, String) {
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/ledger.json");
    let mut program = Command::new(env!("CARGO_BIN_EXE_ledger"));
    program.args(["replay", event, "--redeliver", "1"]).env_clear().env("RUST_BACKTRACE", "0");
    let output = program.envs(settings.iter().copied()).kill_on_drop(true).output().await.expect("the program starts");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, log)
}

#[tokio::test]
async fn without_its_tables_it_says_so_in_one_line_and_ends() {
    let idempotency = ("IDEMPOTENCY_TABLE", "idempotency");
    for (settings, missing) in [
        (vec![("LEDGER_TABLE", "ledger")], "IDEMPOTENCY_TABLE"),
        (vec![("LEDGER_TABLE", "ledger"), ("IDEMPOTENCY_TABLE", "memory")], "IDEMPOTENCY_TABLE"),
        (vec![idempotency], "LEDGER_TABLE"),
    ] {
        let (output, log) = replay(&settings).await;
        assert_eq!((output.status.code(), output.stdout.len(), log.lines().count()), (Some(1), 0, 1), "{log}");
        assert!(log.contains(&format!("{missing} names no DynamoDB table")), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_them_it_replays_a_batch() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    TokioSpawn.spawn(Box::pin(server::serve_on(listener, Database::memory().expect("a database"))));
    let client = dynamodb::client(&endpoint);
    dynamodb::create_table(&client, "idempotency", &["id"]).await;
    dynamodb::create_table(&client, "ledger", &["account"]).await;
    let (output, log) = replay(&[
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("IDEMPOTENCY_TABLE", "idempotency"),
        ("LEDGER_TABLE", "ledger"),
    ])
    .await;
    assert_eq!(output.status.code(), Some(0), "{log}");
    // Delivered twice: what was done stays done, and what stopped its account still does.
    assert!(log.contains("7 records: 3 done, 2 rejected, 2 not started"), "{log}");
    assert!(log.contains("7 records: 3 already done, 2 rejected, 2 not started"), "{log}");
    let rows = client.scan().table_name("ledger").send().await.expect("a table").items.unwrap_or_default();
    let text = |value: &AttributeValue| value.as_s().or_else(|_| value.as_n()).expect("text or a number").clone();
    let mut balances: Vec<_> = rows.iter().map(|row| [text(&row["account"]), text(&row["cents"])].join(" ")).collect();
    balances.sort();
    assert_eq!(balances, ["A 10000", "B 2500", "C 999"]);
}
