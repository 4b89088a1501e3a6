//! A provider in this process.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use sqs_runtime::claim::IdempotencyKey;

use super::{Charged, PaymentError, PaymentProvider};

/// A provider in this process that remembers keys for as long as it lives.
#[derive(Debug, Default)]
pub struct InMemoryProvider {
    charges: Mutex<HashMap<IdempotencyKey, u64>>,
}

impl InMemoryProvider {
    /// A provider that has charged nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many charges were made, and over how many cents.
    #[must_use]
    pub fn charged(&self) -> (usize, u64) {
        let charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        (charges.len(), charges.values().sum())
    }

    fn charge_once(&self, key: &IdempotencyKey, payment_token: &str, cents: u64) -> Result<Charged, PaymentError> {
        match payment_token {
            "tok_unavailable" => return Err(PaymentError::Unavailable),
            "tok_declined" => return Err(PaymentError::Declined),
            "tok_bug" => bug(),
            _ => {}
        }
        let mut charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        match charges.insert(key.clone(), cents) {
            None => Ok(Charged::Now),
            Some(_) => Ok(Charged::Before),
        }
    }
}

impl PaymentProvider for InMemoryProvider {
    fn charge<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        payment_token: &'a str,
        cents: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Charged, PaymentError>> + Send + 'a>> {
        Box::pin(async move { self.charge_once(key, payment_token, cents) })
    }
}

/// Every program has one.
#[expect(clippy::panic, reason = "the example shows that a panic stays with its message")]
fn bug() -> ! {
    panic!("a bug in the payment code")
}
