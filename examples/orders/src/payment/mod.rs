//! Who takes the money.
//!
//! A charge happens outside of any table of ours. If this process dies between the charge and the moment where its success
//! is recorded, the message comes back, and nobody here can know that the card was charged already. **No queue library can
//! close that gap alone**: the provider has to. So every call carries the message's idempotency key, the same at each
//! attempt, and a provider that remembers keys charges nothing the second time. Real ones do: the header is called
//! `Idempotency-Key`.
//!
//! - `in_memory`: a provider in this process, which forgets its keys with it.
//! - `http`: a provider elsewhere, which outlives this process; `orders provider` is one.
//! - `wire`: what goes between the two.

mod http;
mod in_memory;
pub(crate) mod wire;

use std::{fmt, pin::Pin};

use serde::{Deserialize, Serialize};
use sqs_runtime::claim::IdempotencyKey;

pub use self::{
    http::{HttpProvider, PaymentUrlError},
    in_memory::InMemoryProvider,
};

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
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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
    /// The key was used before, to charge something else. Both sides remember, so trying again cannot help.
    KeyReused,
}

impl fmt::Display for PaymentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the payment provider is unavailable",
            Self::Declined => "the card was declined",
            Self::KeyReused => "the idempotency key has charged something else",
        })
    }
}

impl std::error::Error for PaymentError {}
