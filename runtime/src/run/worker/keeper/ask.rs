//! Calls of the queue's client and of the store, which may be the user's own: one that panics or never ends has answered nothing.

use std::time::Duration;

use crate::{clock::SharedClock, run::pipeline::in_time};

/// The answers, if they come within that time.
pub(super) async fn ask<A>(call: impl Future<Output = Vec<A>>, time: Duration, clock: &SharedClock) -> Vec<A> {
    in_time(call, time, clock).await.unwrap_or_else(|no_answer| {
        tracing::error!(%no_answer, "a call about messages in hand came to nothing");
        Vec::new()
    })
}
