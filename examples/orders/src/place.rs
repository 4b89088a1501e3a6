//! The handler.

use std::{fmt, sync::Arc};

use sqs_runtime::{
    Failure,
    claim::IdempotencyKey,
    extract::{Json, State, Transaction},
};

use crate::{Charged, Order, PaymentError, PaymentProvider, Tables};

/// What the handler needs.
#[derive(Clone)]
pub struct Shop {
    payments: Arc<dyn PaymentProvider>,
    tables: Option<Tables>,
}

impl Shop {
    /// A shop whose customers pay through this provider.
    #[must_use]
    pub fn new(payments: Arc<dyn PaymentProvider>) -> Self {
        Self { payments, tables: None }
    }

    /// The same with tables, which hold what was ordered.
    #[must_use]
    pub fn tables(self, tables: Option<Tables>) -> Self {
        Self { tables, ..self }
    }
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shop")
    }
}

/// Charges one order; where the shop has tables, what it leaves there commits with its success.
///
/// # Errors
///
/// Rejects an order that makes no sense, one that is out of stock, a card that was declined and a key that has charged
/// something else: trying again cannot help. Asks for a retry while the provider is down.
pub async fn place(
    State(shop): State<Shop>,
    key: IdempotencyKey,
    transaction: Option<Transaction>,
    Json(order): Json<Order>,
) -> Result<(), Failure> {
    let total_cents = order.total_cents().map_err(Failure::reject)?;
    if let Some(tables) = &shop.tables {
        tables.check_stock(&order).await?;
    }
    let charged = shop.payments.charge(&key, &order.payment_token, total_cents).await.map_err(|error| match error {
        PaymentError::Declined | PaymentError::KeyReused => Failure::reject(error),
        PaymentError::Unavailable => Failure::retry(error),
    })?;
    if charged == Charged::Now {
        tracing::info!("charged orderId={} totalCents={total_cents}", order.order_id);
    }
    if let Some(tables) = &shop.tables {
        let transaction = transaction.ok_or("the shop's tables need its idempotency in a table too")?;
        tables.write(&transaction, &order, total_cents)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InMemoryProvider, Item};

    fn order(payment_token: &str) -> Json<Order> {
        let items = vec![Item { sku: "mug".into(), quantity: 2, unit_price_cents: 900 }];
        Json(Order { order_id: "A-1".into(), customer_id: "C-1".into(), payment_token: payment_token.into(), items })
    }

    fn key(part: &str) -> IdempotencyKey {
        IdempotencyKey::derive("orders", &[part.as_bytes()])
    }

    #[tokio::test]
    async fn the_same_key_is_charged_once() {
        let provider = Arc::new(InMemoryProvider::new());
        let shop = Shop::new(provider.clone());
        for _ in 0..2 {
            place(State(shop.clone()), key("a"), None, order("tok_visa")).await.expect("charged");
        }
        assert_eq!(provider.charged(), (1, 1_800));
    }

    #[tokio::test]
    async fn failures_say_whether_to_try_again() {
        let shop = Shop::new(Arc::new(InMemoryProvider::new()));
        let down = place(State(shop.clone()), key("a"), None, order("tok_unavailable")).await.expect_err("down");
        assert!(down.is_retry());
        let declined = place(State(shop.clone()), key("b"), None, order("tok_declined")).await.expect_err("declined");
        assert!(declined.is_reject());
        let Json(mut empty) = order("tok_visa");
        empty.items.clear();
        assert!(place(State(shop), key("c"), None, Json(empty)).await.expect_err("nothing ordered").is_reject());
    }
}
