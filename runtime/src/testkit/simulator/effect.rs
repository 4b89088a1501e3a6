//! A write of a handler that commits with its message's success.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use crate::{
    claim::Writes,
    extract::{FromDelivery, MissingTransaction},
    handler::Delivery,
};

/// Counts that are written together with a message's success, or not at all: what a business's own rows are to a
/// [`Transaction`](crate::extract::Transaction). The simulation checks that there are as many as commits.
///
/// An argument of handlers in a simulation; a rejection where the consumer's mode has no transactions.
#[derive(Clone, Debug)]
pub struct Effect(Arc<Counted>);

/// How many effects a run wants.
#[derive(Debug, Default)]
pub(super) struct Counted(AtomicU32);

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self(AtomicU32::new(self.count()))
    }
}

impl Counted {
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Effect {
    /// One more.
    pub fn happen(&self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<S: Sync> FromDelivery<S> for Effect {
    type Rejection = MissingTransaction;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, MissingTransaction> {
        let writes = delivery.writes(|| Writes::new(Arc::<Counted>::default()))?;
        writes.downcast().map(Self).ok_or_else(MissingTransaction::new)
    }
}
