//! A world with the shop's tables, for the redelivery check: the rows that are there in the end are what happened.

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use orders::{
    Order, Shop, Tables, consumer_of,
    tables::{Names, create},
};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::dynamodb::{DynamoDbStore, Table},
    extract::{Json, State},
    testkit::redelivery::World,
};

use crate::{Provider, in_process};

/// The world, and a DynamoDB that outlives its processes too.
pub(crate) struct Tabled {
    world: World,
    client: Client,
}

impl Tabled {
    /// Its tables are the ones that `orders create-tables` makes; ten mugs are on the shelf.
    pub(crate) async fn open(world: World) -> Self {
        let client = in_process::client();
        let name = |name: &str| Some(name.to_owned());
        let (idempotency, orders) = (name("idempotency"), name("orders"));
        let names = Names { idempotency, orders, stock: name("stock"), outbox: name("outbox") };
        create(&client, &names).await.expect("tables");
        let mugs = client.put_item().table_name("stock").item("sku", AttributeValue::S("mug".into()));
        mugs.item("pieces", AttributeValue::N("10".into())).send().await.expect("a table");
        Self { world, client }
    }

    /// The shop as it is.
    pub(crate) fn shop(&self) -> Consumer {
        self.with_provider(true)
    }

    /// Its rows are in the transaction, its charge is not.
    pub(crate) fn with_a_provider_that_ignores_keys(&self) -> Consumer {
        self.with_provider(false)
    }

    /// A handler that writes its row by itself.
    pub(crate) fn with_a_row_outside_of_the_transaction(&self) -> Consumer {
        Consumer::new(count_apart).state(self.client.clone()).idempotency(self.idempotency())
    }

    fn with_provider(&self, remembers_keys: bool) -> Consumer {
        let tables = Tables::new(self.client.clone(), "orders").stock(Some("stock".into()));
        let tables = tables.outbox(Some("outbox".into()));
        let provider = Arc::new(Provider { cards: self.world.effects(), remembers_keys });
        consumer_of(Shop::new(provider).tables(Some(tables)), self.idempotency())
    }

    /// Claims in the table, by the world's clock.
    fn idempotency(&self) -> Idempotency {
        let store = DynamoDbStore::new(self.client.clone(), Table::new("idempotency"));
        Idempotency::new(store.clock(self.world.clock()))
    }

    /// Every charge, and every row of the shop's own.
    pub(crate) async fn charges_and_rows(&self) -> Vec<String> {
        let mut lines = self.world.effects().all();
        for table in ["orders", "stock", "outbox"] {
            let rows = self.client.scan().table_name(table).send().await.expect("a table").items.unwrap_or_default();
            lines.extend(rows.into_iter().map(|row| format!("{table}: {}", line(row))));
        }
        lines
    }
}

/// A row as text, its attributes in alphabetical order.
fn line(row: impl IntoIterator<Item = (String, AttributeValue)>) -> String {
    let row: BTreeMap<_, _> = row.into_iter().collect();
    let attribute = |(name, value): (&String, &AttributeValue)| match value {
        AttributeValue::S(value) | AttributeValue::N(value) => format!("{name} {value}"),
        other => format!("{name} {other:?}"),
    };
    row.iter().map(attribute).collect::<Vec<_>>().join(", ")
}

/// Counts a charge of the order, whenever it is asked to.
async fn count_apart(State(client): State<Client>, Json(order): Json<Order>) -> Result<(), Failure> {
    let update = client.update_item().table_name("orders").key("orderId", AttributeValue::S(order.order_id));
    let update = update.update_expression("ADD charges :one");
    update.expression_attribute_values(":one", AttributeValue::N("1".into())).send().await?;
    Ok(())
}
