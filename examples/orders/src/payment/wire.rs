//! What goes between shop and provider: both sides read and write these, so neither can drift.

use serde::{Deserialize, Serialize};

use super::Charged;

/// Carries the idempotency key.
pub(crate) const KEY_HEADER: &str = "idempotency-key";

/// The body of `POST /charges`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChargeRequest<'a> {
    pub(crate) payment_token: std::borrow::Cow<'a, str>,
    pub(crate) total_cents: u64,
}

/// The body of its answer where the charge is made.
#[derive(Deserialize, Serialize)]
pub(crate) struct ChargeAnswer {
    pub(crate) charged: Charged,
}
