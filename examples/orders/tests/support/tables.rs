//! The shop's tables in a DynamoDB in this process: what every test that needs them begins with.
//!
//! Without a socket, so that nothing is a matter of real time, and each request of the handler's is two waits: `in_process` is the file
//! of that name in `tests/shared` of the repository, which the page on testing speaks of. A DynamoDB behind a socket, as that page has it,
//! would do where waits are not counted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use orders::{
    Tables,
    tables::{Names, create},
};
use sqs_runtime::{
    Clock, Idempotency,
    claim::dynamodb::{DynamoDbStore, Table},
};

use crate::in_process;

/// A DynamoDB with the tables that `orders create-tables` makes; ten mugs are on the shelf.
pub(crate) async fn open() -> Client {
    let client = in_process::client();
    let name = |name: &str| Some(name.to_owned());
    let (idempotency, orders) = (name("idempotency"), name("orders"));
    let names = Names { idempotency, orders, stock: name("stock"), outbox: name("outbox") };
    create(&client, &names).await.expect("tables");
    let mugs = client.put_item().table_name("stock").item("sku", AttributeValue::S("mug".into()));
    mugs.item("pieces", AttributeValue::N("10".into())).send().await.expect("a table");
    client
}

/// What the shop writes.
pub(crate) fn of_the_shop(client: &Client) -> Tables {
    Tables::new(client.clone(), "orders").stock(Some("stock".into())).outbox(Some("outbox".into()))
}

/// Claims in the table. Leases end by that clock.
pub(crate) fn idempotency(client: &Client, clock: impl Clock) -> Idempotency {
    Idempotency::new(DynamoDbStore::new(client.clone(), Table::new("idempotency")).clock(clock))
}

/// Every row of the shop's own, as text.
pub(crate) async fn rows(client: &Client) -> Vec<String> {
    let mut lines = Vec::new();
    for table in ["orders", "stock", "outbox"] {
        let rows = client.scan().table_name(table).send().await.expect("a table").items.unwrap_or_default();
        lines.extend(rows.into_iter().map(|row| format!("{table}: {}", line(row))));
    }
    lines
}

/// A row, its attributes in alphabetical order.
fn line(row: impl IntoIterator<Item = (String, AttributeValue)>) -> String {
    let row: BTreeMap<_, _> = row.into_iter().collect();
    let attribute = |(name, value): (&String, &AttributeValue)| match value {
        AttributeValue::S(value) | AttributeValue::N(value) => format!("{name} {value}"),
        other => format!("{name} {other:?}"),
    };
    row.iter().map(attribute).collect::<Vec<_>>().join(", ")
}
