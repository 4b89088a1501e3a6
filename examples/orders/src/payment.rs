//! Who takes the money.
//!
//! A charge happens outside of any table of ours. If this process dies between the charge and the moment where its success
//! is recorded, the message comes back, and nobody here can know that the card was charged already. **No queue library can
//! close that gap alone**: the provider has to. So every call carries the message's idempotency key, the same at each
//! attempt, and a provider that remembers keys charges nothing the second time. Real ones do: the header is called
//! `Idempotency-Key`.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use sqs_runtime::claim::IdempotencyKey;

/// Takes money.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Charges an amount once for each key.
    fn charge<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        payment_token: &'a str,
        cents: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Charged, PaymentError>> + Send + 'a>>;
}

/// What a charge came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// The money was taken now.
    Now,
    /// It was taken by an earlier call with the same key; this one took nothing.
    Before,
}

/// Why no money was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentError {
    /// The provider is down; later may be better.
    Unavailable,
    /// The card was declined, and will be again.
    Declined,
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the payment provider is unavailable",
            Self::Declined => "the card was declined",
        })
    }
}

impl std::error::Error for PaymentError {}

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
