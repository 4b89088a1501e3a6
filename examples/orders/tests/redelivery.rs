//! What it takes that a card is charged once: the shop, killed wherever it waits, in three ways.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::{pin::Pin, sync::Arc};

use orders::{Charged, Item, Order, PaymentError, PaymentProvider, Shop, consumer_of};
use sqs_runtime::{
    Consumer, Idempotency,
    claim::IdempotencyKey,
    testkit::{
        event::{Event, Message},
        redelivery::{Effects, World, redelivery_check},
    },
};

/// A provider that charges a card out there; one that remembers keys charges it once for each.
struct Provider {
    cards: Effects,
    remembers_keys: bool,
}

impl PaymentProvider for Provider {
    fn charge<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        _: &'a str,
        cents: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Charged, PaymentError>> + Send + 'a>> {
        Box::pin(async move {
            let what = format!("charged {cents} cents");
            if self.remembers_keys {
                self.cards.happen_once(key.as_str(), what).await;
            } else {
                self.cards.happen(what).await;
            }
            Ok(Charged::Now)
        })
    }
}

fn shop(world: &World, remembers_keys: bool, idempotency: Idempotency) -> Consumer {
    consumer_of(Shop::new(Arc::new(Provider { cards: world.effects(), remembers_keys })), idempotency)
}

fn event() -> Event {
    let items = vec![Item { sku: "mug".into(), quantity: 1, unit_price_cents: 900 }];
    let order = Order { order_id: "A-1".into(), customer_id: "C-1".into(), payment_token: "tok_visa".into(), items };
    Event::standard("orders").message(Message::json(&order).expect("JSON"))
}

const ONCE: [&str; 1] = ["charged 900 cents"];
const TWICE: [&str; 2] = ["charged 900 cents"; 2];

/// Rows that die with their process are none.
#[tokio::test]
async fn without_a_store_that_outlives_the_process_the_card_is_charged_twice() {
    let difference = redelivery_check(|world| shop(world, false, Idempotency::memory()), &event()).await;
    assert_eq!(difference.expect_err("a second charge").effects(), TWICE);
}

/// The gap that no store can close: the process dies between the charge and its record.
#[tokio::test]
async fn with_a_provider_that_ignores_the_key_it_is_still_charged_twice() {
    let difference = redelivery_check(|world| shop(world, false, world.idempotency()), &event()).await;
    let difference = difference.expect_err("a second charge");
    assert_eq!(
        (difference.expected(), difference.effects()),
        (&ONCE.map(String::from)[..], &TWICE.map(String::from)[..])
    );
}

#[tokio::test]
async fn with_a_provider_that_remembers_the_key_it_is_charged_once() {
    let points = redelivery_check(|world| shop(world, true, world.idempotency()), &event()).await;
    assert_eq!(points.expect("once, wherever the process dies").len(), 6);
}
