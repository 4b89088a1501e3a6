//! A ledger over a DynamoDB in this process: its tables, its entries, its balances.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use ledger::{Balances, consumer};
use serde_json::json;
use sqs_runtime::{
    Clock, Consumer, Idempotency,
    claim::dynamodb::{DynamoDbStore, Table},
    testkit::event::Message,
};

use crate::{dynamodb::create_table, in_process};

/// What outlives a process.
pub(crate) struct Bank<C> {
    client: Client,
    /// By which leases end.
    clock: C,
}

impl<C: Clock + Clone> Bank<C> {
    pub(crate) async fn open(clock: C) -> Self {
        let client = in_process::client();
        create_table(&client, "idempotency", &["id"]).await;
        create_table(&client, "ledger", &["account"]).await;
        Self { client, clock }
    }

    /// A process.
    pub(crate) fn consumer(&self) -> Consumer {
        let store = DynamoDbStore::new(self.client.clone(), Table::new("idempotency")).clock(self.clock.clone());
        consumer(Idempotency::new(store), Balances::new("ledger"))
    }

    /// Each account with its balance, and how many entries made it.
    pub(crate) async fn balances(&self) -> Vec<String> {
        let rows = self.client.scan().table_name("ledger").send().await.expect("a table").items.unwrap_or_default();
        let value = |row: &HashMap<String, AttributeValue>, name| match row.get(name) {
            Some(AttributeValue::S(value) | AttributeValue::N(value)) => value.clone(),
            other => format!("{other:?}"),
        };
        let line = |row| format!("{} {} of {}", value(row, "account"), value(row, "cents"), value(row, "entries"));
        let mut lines: Vec<_> = rows.iter().map(line).collect();
        lines.sort();
        lines
    }

    /// Damages an account's row, so that nothing can be added to it.
    pub(crate) async fn damage(&self, account: &str) {
        let put = self.client.put_item().table_name("ledger").item("account", AttributeValue::S(account.into()));
        put.item("cents", AttributeValue::S("many".into())).send().await.expect("a table");
    }

    /// Gives an account money by hand.
    pub(crate) async fn give(&self, account: &str, cents: u64) {
        let update = self.client.update_item().table_name("ledger").key("account", AttributeValue::S(account.into()));
        let update = update.update_expression("ADD cents :cents");
        let cents = AttributeValue::N(cents.to_string());
        update.expression_attribute_values(":cents", cents).send().await.expect("a table");
    }
}

/// An entry of an account, named after both.
pub(crate) fn entry(account: &str, entry: u64, amount_cents: i64) -> Message {
    in_currency(account, entry, amount_cents, "EUR")
}

pub(crate) fn in_currency(account: &str, entry: u64, amount_cents: i64, currency: &str) -> Message {
    let body = json!({"account": account, "entry": entry, "amountCents": amount_cents, "currency": currency});
    Message::text(body.to_string()).id(format!("{account}{entry}")).group(account)
}
