//! The work on one message: decode an order, and add up its items.

use std::{error::Error, fmt};

use serde::Deserialize;

use crate::runs;

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

/// What is wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongOrder(&'static str);

impl fmt::Display for WrongOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for WrongOrder {}

/// Looks at every field, so that none can be left out of the decoding.
///
/// # Errors
///
/// If a name is empty, or if the total is not that of the items.
pub fn place(order: &Order) -> Result<(), WrongOrder> {
    runs::note(&order.order_id);
    let names = [&order.order_id, &order.customer, &order.currency];
    if names.into_iter().chain(order.items.iter().map(|item| &item.sku)).chain(&order.note).any(String::is_empty) {
        return Err(WrongOrder("the order has an empty name"));
    }
    let total: u64 = order.items.iter().map(|item| item.quantity * item.cents).sum();
    if total == order.total_cents { Ok(()) } else { Err(WrongOrder("the total is not the sum of the items")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(sku: &str, total: u64) -> Order {
        let text = format!(
            r#"{{"order_id":"o","customer":"c","currency":"EUR","items":[{{"sku":"{sku}","quantity":2,"cents":3}}],"total_cents":{total}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_order_is_placed_where_its_total_is_right_and_nothing_is_empty() {
        assert_eq!(place(&order("TEA", 6)), Ok(()));
        assert!(place(&order("TEA", 7)).is_err());
        assert!(place(&order("", 6)).is_err());
    }
}
