//! What is on the shelf.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{error::BuildError, types::Update};
use sqs_runtime::Failure;

use super::{Tables, number, text};
use crate::{Order, causes::causes};

/// A transaction has room for 100 writes: the order's own three, and the articles.
const MAX_ARTICLES: usize = 97;

/// How many pieces of each article an order takes. One write for each: a transaction may not name an item twice.
pub(super) fn quantities(order: &Order) -> BTreeMap<&str, u64> {
    let mut quantities = BTreeMap::new();
    for item in &order.items {
        let quantity: &mut u64 = quantities.entry(item.sku.as_str()).or_default();
        *quantity = quantity.saturating_add(item.quantity);
    }
    quantities
}

/// Takes pieces, if so many are there.
pub(super) fn take(table: &str, sku: &str, quantity: u64) -> Result<Update, BuildError> {
    Update::builder()
        .table_name(table)
        .key("sku", text(sku))
        .update_expression("SET pieces = pieces - :quantity")
        .condition_expression("pieces >= :quantity")
        .expression_attribute_values(":quantity", number(quantity))
        .build()
}

impl Tables {
    /// Looks at the shelf before anybody is charged. The transaction looks again.
    pub(crate) async fn check_stock(&self, order: &Order) -> Result<(), Failure> {
        let Some(stock) = &self.stock else { return Ok(()) };
        let quantities = quantities(order);
        if quantities.len() > MAX_ARTICLES {
            return Err(Failure::reject(format!("an order has at most {MAX_ARTICLES} articles")));
        }
        for (sku, quantity) in quantities {
            if self.pieces(stock, sku).await? < quantity {
                return Err(Failure::reject(format!("{} is out of stock", printable(sku))));
            }
        }
        Ok(())
    }

    async fn pieces(&self, stock: &str, sku: &str) -> Result<u64, Failure> {
        let asked = self.client.get_item().table_name(stock).key("sku", text(sku)).consistent_read(true);
        let item = asked.send().await.map_err(|error| Failure::retry(causes(&error)))?.item;
        let pieces = item.as_ref().and_then(|item| item.get("pieces")).and_then(|pieces| pieces.as_n().ok());
        Ok(pieces.and_then(|pieces| pieces.parse().ok()).unwrap_or(0))
    }
}

/// An article's name comes from the message, and goes into a log.
fn printable(sku: &str) -> String {
    sku.chars().filter(|c| !c.is_control()).take(64).collect()
}
