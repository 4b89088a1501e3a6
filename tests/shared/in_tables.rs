//! Writes that a DynamoDB store commits beside its rows, for the promises of transactions: on whatever DynamoDB the client talks to.

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ConditionCheck, Update},
};
use futures_util::future::BoxFuture;
use sqs_runtime::{
    claim::{IdempotencyStore, Writes, dynamodb::DynamoDbStore},
    extract::Transaction,
    testkit::conformance::transactions::Counters,
};

use crate::dynamodb_client::create_table;

/// A table of counters beside the store's.
pub(crate) struct InTables {
    client: Client,
    store: DynamoDbStore,
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

impl InTables {
    /// Makes the table.
    pub(crate) async fn new(client: Client, store: DynamoDbStore) -> Self {
        create_table(&client, "counters", &["id"]).await;
        Self { client, store }
    }

    fn adding_one(name: &str) -> Transaction {
        let update = Update::builder().table_name("counters").key("id", text(name)).update_expression("ADD n :one");
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".into()));
        let transaction = Transaction::new();
        transaction.update(update.build().expect("a whole update"));
        transaction
    }
}

impl Counters for InTables {
    fn store(&self) -> &dyn IdempotencyStore {
        &self.store
    }

    fn adding_one(&self, name: &str) -> Writes {
        Self::adding_one(name).writes()
    }

    fn adding_one_under_a_condition_that_does_not_hold(&self, name: &str) -> Writes {
        let transaction = Self::adding_one(name);
        let check = ConditionCheck::builder().table_name("counters").key("id", text("none"));
        transaction.check(check.condition_expression("attribute_exists(id)").build().expect("a whole check"));
        transaction.writes()
    }

    fn count<'a>(&'a self, name: &'a str) -> BoxFuture<'a, u64> {
        Box::pin(async move {
            let asked = self.client.get_item().table_name("counters").key("id", text(name)).consistent_read(true);
            let item = asked.send().await.expect("a table").item.unwrap_or_default();
            item.get("n").map_or(0, |n| n.as_n().expect("a number").parse().expect("a count"))
        })
    }
}
