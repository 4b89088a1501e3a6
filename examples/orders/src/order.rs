//! What a message says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An order, as the shop's front end sends it.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Names the order; printable characters, at most 64.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// What the payment provider charges.
    pub payment_token: String,
    /// What was ordered.
    pub items: Vec<Item>,
}

/// One line of an order.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The article.
    pub sku: String,
    /// How many, at least 1.
    pub quantity: u64,
    /// The price of one, in cents.
    pub unit_price_cents: u64,
}

impl Order {
    /// What the order costs, in cents.
    ///
    /// # Errors
    ///
    /// If the order can never be charged: a bad name, no items, a quantity of zero, a total of zero or beyond 64 bits.
    pub fn total_cents(&self) -> Result<u64, OrderError> {
        self.check()?;
        let mut total: u64 = 0;
        for item in &self.items {
            let cents = item.quantity.checked_mul(item.unit_price_cents).ok_or(OrderError::TotalOverflows)?;
            total = total.checked_add(cents).ok_or(OrderError::TotalOverflows)?;
        }
        if total == 0 { Err(OrderError::TotalIsZero) } else { Ok(total) }
    }

    fn check(&self) -> Result<(), OrderError> {
        const MAX_ID_CHARS: usize = 64;
        let id = &self.order_id;
        // The id goes into the log as it is.
        if id.is_empty() || id.chars().any(|c| c.is_control() || c == ' ') || id.chars().count() > MAX_ID_CHARS {
            return Err(OrderError::BadOrderId);
        }
        if self.items.is_empty() {
            return Err(OrderError::NoItems);
        }
        if self.items.iter().any(|item| item.quantity == 0) {
            return Err(OrderError::ZeroQuantity);
        }
        Ok(())
    }
}

impl fmt::Debug for Order {
    /// Neither customer nor payment token belong into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("order_id", &self.order_id).field("items", &self.items).finish_non_exhaustive()
    }
}

/// Why an order can never be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderError {
    /// The order's name is empty, too long, or has spaces or control characters.
    BadOrderId,
    /// Nothing was ordered.
    NoItems,
    /// An item is there zero times.
    ZeroQuantity,
    /// The order costs nothing.
    TotalIsZero,
    /// The total does not fit into 64 bits.
    TotalOverflows,
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadOrderId => "the order id is empty, too long or not printable",
            Self::NoItems => "the order has no items",
            Self::ZeroQuantity => "an item has a quantity of zero",
            Self::TotalIsZero => "the order's total is zero",
            Self::TotalOverflows => "the order's total is too large",
        })
    }
}

impl std::error::Error for OrderError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(items: &[(u64, u64)]) -> Order {
        let item = |(quantity, unit_price_cents): &(u64, u64)| Item {
            sku: "mug".into(),
            quantity: *quantity,
            unit_price_cents: *unit_price_cents,
        };
        Order {
            order_id: "A-1".into(),
            customer_id: "C-1".into(),
            payment_token: "tok_visa".into(),
            items: items.iter().map(item).collect(),
        }
    }

    #[test]
    fn totals() {
        assert_eq!(order(&[(2, 1_750), (1, 1_499)]).total_cents(), Ok(4_999));
        assert_eq!(order(&[]).total_cents(), Err(OrderError::NoItems));
        assert_eq!(order(&[(1, 5), (0, 5)]).total_cents(), Err(OrderError::ZeroQuantity));
        assert_eq!(order(&[(3, 0)]).total_cents(), Err(OrderError::TotalIsZero));
        assert_eq!(order(&[(2, u64::MAX)]).total_cents(), Err(OrderError::TotalOverflows));
        assert_eq!(order(&[(1, u64::MAX), (1, 1)]).total_cents(), Err(OrderError::TotalOverflows));
    }

    #[test]
    fn an_order_id_cannot_forge_a_log_line() {
        let forged = Order { order_id: "A-1\ncharged orderId=A-2".into(), ..order(&[(1, 1)]) };
        assert_eq!(forged.total_cents(), Err(OrderError::BadOrderId));
    }

    #[test]
    fn debug_hides_customer_and_token() {
        let shown = format!("{:?}", order(&[(1, 1)]));
        assert!(!shown.contains("C-1") && !shown.contains("tok_visa"), "{shown}");
    }
}
