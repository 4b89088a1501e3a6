//! Every store keeps every promise: memory, and DynamoDB through the real SDK over loopback.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use dynoxide::{Database, server};
use sqs_runtime::{
    claim::{
        MemoryStore,
        dynamodb::{DynamoDbStore, Name, Table},
    },
    testkit::{ManualClock, conformance},
};
use tokio::net::TcpListener;

use crate::dynamodb::{client, create_table};

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
    let store = DynamoDbStore::new(client, table).clock(clock.clone());
    conformance::all(&store, &clock).await;
}
