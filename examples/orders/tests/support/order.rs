//! An order as its message: what the tests of the consumer deliver.

use orders::{Item, Order};
use sqs_runtime::testkit::event::Message;

/// So many mugs at 900 cents, paid with that token. Always of the same order.
pub(crate) fn mugs(quantity: u64, payment_token: &str) -> Message {
    let items = vec![Item { sku: "mug".into(), quantity, unit_price_cents: 900 }];
    let order = Order { order_id: "A-1".into(), customer_id: "C-1".into(), payment_token: payment_token.into(), items };
    Message::json(&order).expect("an order is JSON")
}
