//! The shop of the README. An order comes as one message and is charged once.
//!
//! - `order`: what a message says, and whether it makes sense.
//! - `payment`: who takes the money, and why that part needs the idempotency key.
//! - `place`: the handler, one async function for one message.
//!
//! - [`tables`]: what an order leaves behind, written together with the record of its success.
//!
//! Around the consumer stand the other sides of the shop:
//!
//! - [`publish`]: who sends orders.
//! - [`provider`]: who charges them, as a process of its own.
//! - [`relay`]: who tells the next queue about them.
//! - [`command`]: all of these as subcommands of the program.
//!
//! # Its tests
//!
//! How a consumer is tested with the crate's kit is in these of `tests/`, in this order:
//!
//! - `pipeline`: batches in, what became of each message out.
//! - `stock`: the same with tables, in a DynamoDB in the test's process, and a provider that is a double.
//! - `redelivery`: the consumer killed wherever it can die; charges and rows compared.
//! - `http_provider`: the consumer and a server that it calls.
//!
//! The others are about what surrounds it, and start the program as a process: `command_line`, `table` (the program with its tables, and the
//! relay), `publish`, `provider`, and `kill`, which needs a server.

mod causes;
mod chance;
pub mod command;
mod order;
mod payment;
mod place;
pub mod provider;
pub mod publish;
mod queue;
pub mod relay;
pub mod tables;

use std::sync::Arc;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    order::{Item, Order, OrderError},
    payment::{Charged, HttpProvider, InMemoryProvider, PaymentError, PaymentProvider, PaymentUrlError},
    place::{Shop, place},
    queue::SendError,
    tables::Tables,
};

/// The consumer that `main` runs and the tests deliver events to.
///
/// An order is named by its id, and is the same order if customer, payment and items are: sent twice it is charged once, and
/// another order under the same id is a conflict, not a repetition.
#[must_use]
pub fn consumer(idempotency: Idempotency) -> Consumer {
    consumer_of(Shop::new(Arc::new(InMemoryProvider::new())), idempotency)
}

/// The same of another shop.
#[must_use]
pub fn consumer_of(shop: Shop, idempotency: Idempotency) -> Consumer {
    Consumer::new(place).state(shop).idempotency(by_order(idempotency)).concurrency(32)
}

/// Names the work by the order, as the consumer and `orders status` do.
#[must_use]
pub fn by_order(idempotency: Idempotency) -> Idempotency {
    idempotency.key(Key::pointer("/orderId").same_fields(["/customerId", "/paymentToken", "/items"]))
}
