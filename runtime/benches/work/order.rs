//! The work on one message: decode an order, and add up its items.

use std::{error::Error, fmt};

use serde::Deserialize;

/// What a message says.
#[derive(Debug, Deserialize)]
pub struct Order {
    order_id: String,
    customer: String,
    currency: String,
    items: Vec<Item>,
    note: Option<String>,
    total_cents: u64,
}

#[derive(Debug, Deserialize)]
struct Item {
    sku: String,
    quantity: u64,
    cents: u64,
}

impl Order {
    /// What it is called.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.order_id
    }

    /// Looks at every field, so that none can be left out of the decoding.
    ///
    /// # Errors
    ///
    /// If a name is empty, or if the total is not that of the items.
    pub fn place(&self) -> Result<(), WrongOrder> {
        let names = [&self.order_id, &self.customer, &self.currency];
        if names.into_iter().chain(self.items.iter().map(|item| &item.sku)).chain(&self.note).any(String::is_empty) {
            return Err(WrongOrder("the order has an empty name"));
        }
        let total: u64 = self.items.iter().map(|item| item.quantity * item.cents).sum();
        if total == self.total_cents { Ok(()) } else { Err(WrongOrder("the total is not the sum of the items")) }
    }
}

/// What is wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongOrder(&'static str);

impl fmt::Display for WrongOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for WrongOrder {}
