//! Which tables there are, by the environment.

use std::{error::Error, fmt};

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;

use super::Tables;

/// The names of tables that the environment gives.
///
/// | setting | table | partition key |
/// | --- | --- | --- |
/// | `IDEMPOTENCY_TABLE` | the rows of the runtime; `memory` for none | `id` |
/// | `ORDERS_TABLE` | a row for each charged order | `orderId` |
/// | `STOCK_TABLE` | pieces on the shelf | `sku` |
/// | `OUTBOX_TABLE` | what `orders relay` sends on | `orderId` |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// `IDEMPOTENCY_TABLE`, unless it is `memory`.
    pub idempotency: Option<String>,
    /// `ORDERS_TABLE`.
    pub orders: Option<String>,
    /// `STOCK_TABLE`.
    pub stock: Option<String>,
    /// `OUTBOX_TABLE`.
    pub outbox: Option<String>,
}

/// Settings that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// There is a table of orders and none for idempotency.
    OrdersWithoutIdempotency,
    /// There is a table of stock or an outbox, and none of orders.
    NoOrders,
}

impl Names {
    /// What the environment says.
    #[must_use]
    pub fn from_env() -> Self {
        Self {
            idempotency: setting("IDEMPOTENCY_TABLE").filter(|table| table != "memory"),
            orders: setting("ORDERS_TABLE"),
            stock: setting("STOCK_TABLE"),
            outbox: setting("OUTBOX_TABLE"),
        }
    }

    /// Whether they go together: what an order leaves behind commits with its idempotency row, so there must be one.
    ///
    /// # Errors
    ///
    /// If they do not.
    pub fn check(&self) -> Result<(), SettingsError> {
        match self {
            Self { orders: Some(_), idempotency: None, .. } => Err(SettingsError::OrdersWithoutIdempotency),
            Self { orders: None, stock, outbox, .. } if stock.is_some() || outbox.is_some() => {
                Err(SettingsError::NoOrders)
            }
            _ => Ok(()),
        }
    }
}

impl Tables {
    /// The tables that the environment names; `None` without `ORDERS_TABLE`.
    ///
    /// # Errors
    ///
    /// If the settings do not go together.
    pub async fn from_env() -> Result<Option<Self>, SettingsError> {
        let names = Names::from_env();
        names.check()?;
        let Some(orders) = names.orders else { return Ok(None) };
        Ok(Some(Self::new(client().await, orders).stock(names.stock).outbox(names.outbox)))
    }
}

/// A client with credentials, region and endpoint as every AWS SDK finds them.
pub(crate) async fn client() -> Client {
    Client::new(&aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await)
}

#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OrdersWithoutIdempotency => {
                "ORDERS_TABLE is set, so IDEMPOTENCY_TABLE must name a table too: an order's row commits with its idempotency row"
            }
            Self::NoOrders => "STOCK_TABLE and OUTBOX_TABLE go with ORDERS_TABLE, which is not set",
        })
    }
}

impl Error for SettingsError {}
