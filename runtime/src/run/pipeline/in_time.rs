//! Calls of a queue's client, which may be the user's own: one may panic, and one may never end.

use std::{fmt, panic::AssertUnwindSafe, pin::pin, time::Duration};

use futures_util::{
    FutureExt,
    future::{Either, select},
};

use crate::{clock::SharedClock, layer::Panicked};

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    Panicked(Panicked),
    Late,
}

/// What a call comes to, if it does before the time is over.
pub(crate) async fn in_time<T>(
    call: impl Future<Output = T>,
    time: Duration,
    clock: &SharedClock,
) -> Result<T, NoAnswer> {
    let call = pin!(AssertUnwindSafe(call).catch_unwind());
    match select(call, clock.sleep(time)).await {
        Either::Left((ended, _)) => ended.map_err(|panic| NoAnswer::Panicked(Panicked::new(panic))),
        Either::Right(_) => Err(NoAnswer::Late),
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(f, "the client panicked: {panic}"),
            Self::Late => f.write_str("the client did not answer in time"),
        }
    }
}

impl std::error::Error for NoAnswer {}
