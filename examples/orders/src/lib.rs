//! The shop of the README. An order comes as one message and is charged once.
//!
//! - `order`: what a message says, and whether it makes sense.
//! - `payment`: who takes the money, and why that part needs the idempotency key.
//! - `place`: the handler, one async function for one message.
//!
//! Around the consumer stand the other two sides of a queue:
//!
//! - [`publish`]: who sends orders.
//! - [`provider`]: who charges them, as a process of its own.
//! - [`command`]: both as subcommands of the program.

mod causes;
mod chance;
pub mod command;
mod order;
mod payment;
mod place;
pub mod provider;
pub mod publish;

use std::sync::Arc;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    order::{Item, Order, OrderError},
    payment::{Charged, HttpProvider, InMemoryProvider, PaymentError, PaymentProvider, PaymentUrlError},
    place::{Shop, place},
};

/// The consumer that `main` runs and the tests deliver events to.
///
/// An order is named by its id, and is the same order if customer, payment and items are: sent twice it is charged once, and
/// another order under the same id is a conflict, not a repetition.
#[must_use]
pub fn consumer(idempotency: Idempotency) -> Consumer {
    consumer_with(idempotency, Arc::new(InMemoryProvider::new()))
}

/// The same with another payment provider.
#[must_use]
pub fn consumer_with(idempotency: Idempotency, payments: Arc<dyn PaymentProvider>) -> Consumer {
    let by_order = Key::pointer("/orderId").same_fields(["/customerId", "/paymentToken", "/items"]);
    Consumer::new(place).state(Shop::new(payments)).idempotency(idempotency.key(by_order)).concurrency(32)
}
