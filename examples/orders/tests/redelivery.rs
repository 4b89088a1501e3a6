//! What it takes that a card is charged once, and a row written once: the shop, killed wherever it can die.
#![allow(clippy::expect_used, clippy::unimplemented, reason = "a test says what is wrong by panicking")]

#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "the shop makes its tables itself")]
mod dynamodb;
#[path = "../../../tests/shared/in_process.rs"]
mod in_process;
#[path = "support/order.rs"]
mod order;
#[path = "support/tabled.rs"]
mod tabled;
#[path = "support/tables.rs"]
mod tables;

use std::{pin::Pin, sync::Arc};

use order::mugs;
use orders::{Charged, Order, PaymentError, PaymentProvider, Shop, consumer_of};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::IdempotencyKey,
    extract::{Json, State},
    testkit::{
        event::Event,
        redelivery::{Effects, World, redelivery_check, redelivery_check_in},
    },
};
use tabled::Tabled;

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
    Event::standard("orders").message(mugs(1, "tok_visa").id("m-1"))
}

const ONCE: [&str; 1] = ["charged 900 cents"];
const TWICE: [&str; 2] = ["charged 900 cents"; 2];

/// Nothing is claimed, and so there is no key to give to a provider.
async fn charge_unguarded(State(cards): State<Effects>, Json(order): Json<Order>) -> Result<(), Failure> {
    let cents = order.total_cents().map_err(Failure::reject)?;
    cards.happen(format!("charged {cents} cents")).await;
    Ok(())
}

#[tokio::test]
async fn without_claims_the_card_is_charged_twice_and_the_shop_does_not_run() {
    let unguarded = |world: &World| Consumer::new(charge_unguarded).state(world.effects()).without_idempotency();
    let difference = redelivery_check(unguarded, &event()).await.expect_err("a second charge");
    assert_eq!(difference.effects(), TWICE);

    let shop = |world: &World| shop(world, true, world.idempotency()).without_idempotency();
    let difference = redelivery_check(shop, &event()).await.expect_err("no key, no order").to_string();
    assert!(difference.starts_with("without any kill the event's messages are not all done"), "{difference}");
}

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

/// One commit, whatever dies: the rows, the record of the success, and no charge but one.
#[tokio::test]
async fn with_its_rows_in_the_transaction_and_the_key_at_the_provider_all_of_it_happens_once() {
    let points = redelivery_check_in(Tabled::open, Tabled::shop, Tabled::charges_and_rows, &event()).await;
    let points: Vec<_> = points.expect("once, wherever the process dies").iter().map(ToString::to_string).collect();
    // The look at the shelf, and the charge.
    let waits = [1, 2].map(|wait| format!("in the handler of m-1, at its wait {wait}"));
    let charge = ["before", "after"].map(|when| format!("at the effect `charged 900 cents`, {when} it happened"));
    let around = |call| ["before it was sent", "after it landed"].map(|when| format!("inside the {call}, {when}"));
    assert_eq!(points, [&around("claim")[..], &waits, &charge, &around("transaction")].concat());
}

/// The transaction does not help a charge that is not in it, and the charge does no harm to the rows.
#[tokio::test]
async fn with_a_provider_that_ignores_the_key_the_rows_are_there_once_and_the_card_is_charged_twice() {
    let consumer = Tabled::with_a_provider_that_ignores_keys;
    let difference = redelivery_check_in(Tabled::open, consumer, Tabled::charges_and_rows, &event()).await;
    let says = "killed at the effect `charged 900 cents`, after it happened, and redelivered: something else happened
  expected:
    charged 900 cents
    orders: charges 1, customerId C-1, orderId A-1, totalCents 900
    outbox: customerId C-1, orderId A-1, totalCents 900
    stock: pieces 9, sku mug
  happened:
    charged 900 cents
    charged 900 cents
    orders: charges 1, customerId C-1, orderId A-1, totalCents 900
    outbox: customerId C-1, orderId A-1, totalCents 900
    stock: pieces 9, sku mug";
    assert_eq!(difference.expect_err("a second charge").to_string(), says);
}

#[tokio::test]
async fn a_row_that_is_written_outside_of_the_transaction_is_told_apart() {
    let consumer = Tabled::with_a_row_outside_of_the_transaction;
    let difference = redelivery_check_in(Tabled::open, consumer, Tabled::charges_and_rows, &event()).await;
    let difference = difference.expect_err("written twice");
    let at = difference.killed_at().expect("it was killed").to_string();
    assert_eq!(at, "in the handler of m-1, at its wait 2", "the request has landed");
    assert_eq!(difference.effects().first().map(String::as_str), Some("orders: charges 2, orderId A-1"));
}
