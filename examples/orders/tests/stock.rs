//! An order and the shelf: what is not there is not charged, and what is gone after the charge is named.
#![allow(clippy::expect_used, clippy::unimplemented, reason = "a test says what is wrong by panicking")]

#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "the shop makes its tables itself")]
mod dynamodb;
#[path = "../../../tests/shared/in_process.rs"]
mod in_process;
#[path = "support/order.rs"]
mod order;
#[path = "support/tables.rs"]
mod tables;

use std::{pin::Pin, sync::Arc};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use order::mugs;
use orders::{Charged, InMemoryProvider, PaymentError, PaymentProvider, Shop, consumer_of};
use sqs_runtime::{
    claim::IdempotencyKey,
    testkit::{ManualClock, event::Event, harness::Harness},
};

/// The shop with its tables; the store compares leases by the harness's clock.
fn shop(client: &Client, payments: Arc<dyn PaymentProvider>) -> Harness {
    let clock = ManualClock::new();
    let shop = Shop::new(payments).tables(Some(tables::of_the_shop(client)));
    Harness::on_clock(consumer_of(shop, tables::idempotency(client, clock.clone())), clock)
}

fn event(quantity: u64) -> Event {
    Event::standard("orders").message(mugs(quantity, "tok_visa").id("m-1"))
}

#[tokio::test]
async fn an_order_of_more_than_is_there_is_rejected_before_its_charge() {
    let (client, provider) = (tables::open().await, Arc::new(InMemoryProvider::new()));
    let harness = shop(&client, provider.clone());
    harness.deliver(&event(11)).await.assert_rejected("m-1").because("mug is out of stock");
    assert_eq!(provider.charged(), (0, 0));
    assert_eq!(tables::rows(&client).await, ["stock: pieces 10, sku mug"]);

    harness.deliver(&event(10)).await.assert_done("m-1");
    assert_eq!(provider.charged(), (1, 9_000));
    assert!(tables::rows(&client).await.contains(&"stock: pieces 0, sku mug".to_owned()));
}

/// A provider during whose call somebody else empties the shelf.
struct SlowProvider(Client);

impl PaymentProvider for SlowProvider {
    fn charge<'a>(
        &'a self,
        _: &'a IdempotencyKey,
        _: &'a str,
        _: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Charged, PaymentError>> + Send + 'a>> {
        let empty = self.0.put_item().table_name("stock").item("sku", AttributeValue::S("mug".into()));
        let empty = empty.item("pieces", AttributeValue::N("0".into()));
        Box::pin(async move {
            empty.send().await.expect("a table");
            Ok(Charged::Now)
        })
    }
}

/// The gap that a charge outside of the transaction leaves: it is named, and nothing is written.
#[tokio::test]
async fn an_order_that_loses_the_last_piece_after_its_charge_asks_for_a_refund() {
    let client = tables::open().await;
    let harness = shop(&client, Arc::new(SlowProvider(client.clone())));
    let delivered = harness.deliver(&event(1)).await;
    delivered.assert_rejected("m-1").because("mug ran out of stock after the charge: to be refunded");
    delivered.assert_returned(["m-1"]);
    assert_eq!(tables::rows(&client).await, ["stock: pieces 0, sku mug"]);
}
