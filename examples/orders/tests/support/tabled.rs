//! A world with the shop's tables, for the redelivery check: the rows that are there in the end are what happened.

use std::sync::Arc;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use orders::{Order, Shop, consumer_of};
use sqs_runtime::{
    Consumer, Failure,
    extract::{Json, State},
    testkit::redelivery::World,
};

use crate::{Provider, tables};

/// The world, and a DynamoDB that outlives its processes too.
pub(crate) struct Tabled {
    world: World,
    client: Client,
}

impl Tabled {
    pub(crate) async fn open(world: World) -> Self {
        Self { world, client: tables::open().await }
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
        let idempotency = tables::idempotency(&self.client, self.world.clock());
        Consumer::new(count_apart).state(self.client.clone()).idempotency(idempotency)
    }

    fn with_provider(&self, remembers_keys: bool) -> Consumer {
        let provider = Arc::new(Provider { cards: self.world.effects(), remembers_keys });
        let shop = Shop::new(provider).tables(Some(tables::of_the_shop(&self.client)));
        consumer_of(shop, tables::idempotency(&self.client, self.world.clock()))
    }

    /// Every charge, and every row of the shop's own.
    pub(crate) async fn charges_and_rows(&self) -> Vec<String> {
        let mut lines = self.world.effects().all();
        lines.extend(tables::rows(&self.client).await);
        lines
    }
}

/// Counts a charge of the order, whenever it is asked to.
async fn count_apart(State(client): State<Client>, Json(order): Json<Order>) -> Result<(), Failure> {
    let update = client.update_item().table_name("orders").key("orderId", AttributeValue::S(order.order_id));
    let update = update.update_expression("ADD charges :one");
    update.expression_attribute_values(":one", AttributeValue::N("1".into())).send().await?;
    Ok(())
}
