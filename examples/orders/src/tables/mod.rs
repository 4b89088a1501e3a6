//! What an order leaves behind: a row of its own, less stock, and a row in the outbox.
//!
//! All of it is in one transaction with the record that the order is done, so it is there once for each order, or not at all,
//! whatever crashes, retries or arrives late. The charge is not: the card is charged *before* the commit, by a provider that
//! remembers the key. If two orders race for the last piece, one of them is charged and then finds the shelf empty. It is
//! rejected with a reason that asks for a refund; the look at the shelf before the charge makes that rare, not impossible.
//!
//! - `settings`: which tables there are.
//! - `stock`: what is on the shelf.
//! - `create`: makes the tables.

mod create;
mod settings;
mod stock;

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, Put, Update},
};
use sqs_runtime::{Failure, extract::Transaction};

pub(crate) use self::settings::client;
pub use self::{
    create::{CreateError, create},
    settings::{Names, SettingsError},
};
use crate::Order;

/// The shop's tables, and a client for them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tables {
    client: Client,
    orders: String,
    stock: Option<String>,
    outbox: Option<String>,
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

impl Tables {
    /// A table of orders, with the partition key `orderId`.
    pub fn new(client: Client, orders: impl Into<String>) -> Self {
        Self { client, orders: orders.into(), stock: None, outbox: None }
    }

    /// A table of stock, with the partition key `sku` and the number `pieces`.
    #[must_use]
    pub fn stock(self, table: Option<String>) -> Self {
        Self { stock: table, ..self }
    }

    /// A table for what other services shall hear of, with the partition key `orderId`.
    #[must_use]
    pub fn outbox(self, table: Option<String>) -> Self {
        Self { outbox: table, ..self }
    }

    /// Adds everything that this order leaves behind to its transaction.
    pub(crate) fn write(&self, transaction: &Transaction, order: &Order, total_cents: u64) -> Result<(), Failure> {
        transaction.update(self.order_row(order, total_cents)?);
        if let Some(stock) = &self.stock {
            for (sku, quantity) in stock::quantities(order) {
                let refused = format!("{sku} ran out of stock after the charge: to be refunded");
                transaction.update(stock::take(stock, sku, quantity)?).if_refused(Failure::reject(refused));
            }
        }
        if let Some(outbox) = &self.outbox {
            transaction.put(outbox_row(outbox, order, total_cents)?);
        }
        Ok(())
    }

    /// Without a condition of its own: a second commit of an order would show in `charges`, which must be 1.
    fn order_row(&self, order: &Order, total_cents: u64) -> Result<Update, BuildError> {
        Update::builder()
            .table_name(&self.orders)
            .key("orderId", text(&order.order_id))
            .update_expression("SET totalCents = :total, customerId = :customer ADD charges :one")
            .expression_attribute_values(":total", number(total_cents))
            .expression_attribute_values(":customer", text(&order.customer_id))
            .expression_attribute_values(":one", number(1))
            .build()
    }
}

/// What `orders relay` sends.
fn outbox_row(table: &str, order: &Order, total_cents: u64) -> Result<Put, BuildError> {
    Put::builder()
        .table_name(table)
        .item("orderId", text(&order.order_id))
        .item("customerId", text(&order.customer_id))
        .item("totalCents", number(total_cents))
        .build()
}
