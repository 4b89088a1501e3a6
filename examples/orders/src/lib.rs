//! The shop of the README. An order comes as one message and is charged once.
//!
//! - `order`: what a message says, and whether it makes sense.
//! - `payment`: who takes the money, and why that part needs the idempotency key.
//! - `place`: the handler, one async function for one message.

mod order;
mod payment;
mod place;

use std::sync::Arc;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    order::{Item, Order, OrderError},
    payment::{Charged, InMemoryProvider, PaymentError, PaymentProvider},
    place::{Shop, place},
};

/// The consumer that `main` runs and the tests deliver events to.
///
/// An order is named by its id, and is the same order if customer, payment and items are: sent twice it is charged once, and
/// another order under the same id is a conflict, not a repetition.
///
/// Claims are kept in this process's memory: enough to try it out. It does not protect across the execution environments of
/// a deployed function.
#[must_use]
pub fn consumer() -> Consumer {
    consumer_with(Arc::new(InMemoryProvider::new()))
}

/// The same with another payment provider.
#[must_use]
pub fn consumer_with(payments: Arc<dyn PaymentProvider>) -> Consumer {
    let by_order = Key::pointer("/orderId").same_fields(["/customerId", "/paymentToken", "/items"]);
    Consumer::new(place).state(Shop::new(payments)).idempotency(Idempotency::memory().key(by_order)).concurrency(32)
}
