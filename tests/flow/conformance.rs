//! Every store keeps every promise: memory, and DynamoDB through the real SDK over loopback.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use dynoxide::{Database, server};
use sqs_runtime::{
    Consumer, Idempotency,
    claim::{
        MemoryStore,
        dynamodb::{DynamoDbStore, Name, Table},
    },
    run::Pipeline,
    testkit::{ManualClock, conformance},
};
use tokio::net::TcpListener;

use crate::{
    dynamodb_client::{client, create_table},
    support::{event, record},
};

/// A client of a DynamoDB that lives in this process, behind a port of its own.
async fn dynamodb() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let database = Database::memory().expect("a database");
    sqs_runtime::run::Spawn::spawn(&sqs_runtime::run::TokioSpawn, Box::pin(server::serve_on(listener, database)));
    client(&endpoint)
}

#[tokio::test]
async fn memory() {
    let clock = ManualClock::new();
    conformance::all(&MemoryStore::new(clock.clone()), &clock).await;
}

#[tokio::test]
async fn a_shared_store() {
    let clock = ManualClock::new();
    conformance::all(&Arc::new(MemoryStore::new(clock.clone())), &clock).await;
}

#[tokio::test]
async fn dynamodb_with_the_default_names() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client, Table::new("idempotency")).clock(clock.clone());
    conformance::all(&store, &clock).await;
}

#[tokio::test]
async fn dynamodb_with_writes_that_travel_together() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client, Table::new("idempotency")).clock(clock.clone()).write_together(true);
    conformance::all(&store, &clock).await;
}

#[tokio::test]
async fn dynamodb_with_a_composite_key_and_other_names() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "shared", &["pk", "sk"]).await;
    let table = Table::new("shared")
        .composite_key("pk", "idempotency#orders", "sk")
        .attribute(Name::Status, "state")
        .attribute(Name::Owner, "holder")
        .attribute(Name::Expiration, "ttl")
        .attribute(Name::InProgressExpiration, "lease_ends")
        .attribute(Name::Schema, "schema");
    for together in [false, true] {
        let store = DynamoDbStore::new(client.clone(), table.clone()).clock(clock.clone()).write_together(together);
        conformance::all(&store, &clock).await;
    }
}

/// What DynamoDB bills an item by: names and texts in bytes, two digits of a number a byte and one more.
fn billed_bytes(item: &HashMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        other => panic!("a row has only texts and numbers, not {other:?}"),
    };
    item.iter().map(|(name, stored)| name.len() + value(stored)).sum()
}

/// One write unit is 1 KB; a row stays far below it, so that claim and completion cost one unit each.
#[tokio::test]
async fn a_row_without_a_result_is_below_300_bytes() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client.clone(), Table::new("idempotency")).clock(clock.clone());
    let namespace = "n".repeat(40);
    let idempotency = Idempotency::new(store).namespace(namespace);
    let stopped = Consumer::new(std::future::pending::<()>).idempotency(idempotency.clone()).clock(clock.clone());
    let pipeline = Pipeline::for_tests(stopped);
    // Stopped in mid-run, the row is left in progress: the longest that it gets.
    let running = pipeline.run_event(event(&[record("m-1", "x")]), pipeline.invocation(Some(Duration::from_secs(10))));
    let moving = async {
        for _ in 0..1_000 {
            if client.scan().table_name("idempotency").send().await.expect("a table").count() > 0 {
                break;
            }
        }
        // The claim's answer is on its way; the handler runs once it is here.
        for _ in 0..20 {
            clock.advance(Duration::from_millis(500));
            client.list_tables().send().await.expect("an answer");
        }
    };
    let (report, ()) = tokio::join!(running, moving);
    report.expect("an SQS event");
    let rows = client.scan().table_name("idempotency").send().await.expect("a table").items.unwrap_or_default();
    let sizes: Vec<_> = rows.iter().map(billed_bytes).collect();
    assert!(matches!(sizes.as_slice(), [200..300]), "{sizes:?}");
}
