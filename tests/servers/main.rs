//! Against servers that others wrote: a second opinion on every condition. A server that is missing fails its test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../shared/dynamodb.rs"]
mod dynamodb_client;
#[path = "../shared/in_tables.rs"]
mod in_tables;
mod queue;
mod redis;
mod server;
#[path = "../flow/support.rs"]
#[allow(dead_code, reason = "the flow's own tests use more of it")]
mod support;
#[path = "../shared/transactions.rs"]
mod transactions;

use sqs_runtime::{
    claim::dynamodb::{DynamoDbStore, Table},
    testkit::{ManualClock, conformance},
};

use self::{in_tables::InTables, server::Server};

async fn conforms(server: &Server) {
    let (client, clock) = (dynamodb_client::client(&server.endpoint), ManualClock::new());
    server.ready(|| client.list_tables().send()).await;
    dynamodb_client::create_table(&client, "idempotency", &["id"]).await;
    dynamodb_client::create_table(&client, "shared", &["pk", "sk"]).await;
    let plain = Table::new("idempotency");
    let composite = Table::new("shared").composite_key("pk", "idempotency#orders", "sk");
    for (table, together) in [(&plain, false), (&composite, false), (&plain, true), (&composite, true)] {
        let store = DynamoDbStore::new(client.clone(), table.clone()).clock(clock.clone()).write_together(together);
        conformance::all(&store, &clock).await;
    }
    let store = DynamoDbStore::new(client.clone(), plain).clock(clock.clone());
    conformance::transactions::all(&InTables::new(client.clone(), store).await, &clock).await;
    transactions::all(&client).await;
}

#[tokio::test]
async fn dynamodb_local_keeps_every_promise() {
    conforms(&Server::dynamodb_local()).await;
}

#[tokio::test]
async fn ministack_keeps_every_promise() {
    conforms(&Server::ministack()).await;
}
