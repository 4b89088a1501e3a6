//! The time that the handler has.

use std::{convert::Infallible, time::Duration};

use super::FromDelivery;
use crate::handler::{Delivery, Invocation};

/// The time until the invocation's deadline, asked for whenever it matters.
#[derive(Clone, Debug)]
pub struct TimeLeft(pub Invocation);

impl TimeLeft {
    /// The time left now, zero once the deadline is past; `None` where no deadline is known.
    #[must_use]
    pub fn get(&self) -> Option<Duration> {
        self.0.time_left()
    }
}

impl<S: Sync> FromDelivery<S> for TimeLeft {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(delivery.invocation().clone()))
    }
}
