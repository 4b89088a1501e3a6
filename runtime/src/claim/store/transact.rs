//! A success that is recorded together with writes of the handler.

use std::{any::Any, fmt, sync::Arc};

use super::{CompleteAnswer, CompleteRequest, MarkRequest, StoreError};
use crate::outcome::Outcome;

/// What a handler wants written together with its success: whatever type the store understands. Clones share it.
#[derive(Clone)]
pub struct Writes {
    writes: Arc<dyn Any + Send + Sync>,
    fork: fn(&(dyn Any + Send + Sync)) -> Option<Writes>,
}

impl Writes {
    /// Wraps the store's own type. It is shared: an extractor hands it to the handler, which fills it, and the store reads it
    /// when the handler has returned. A clone of `T` has what was added so far and goes on by itself.
    pub fn new<T: Any + Clone + Send + Sync>(writes: Arc<T>) -> Self {
        Self { writes, fork: |writes| writes.downcast_ref().cloned().map(|writes: T| Self::new(Arc::new(writes))) }
    }

    /// The store's own type.
    #[must_use]
    pub fn downcast<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.writes).downcast().ok()
    }

    /// What was added so far, apart from what is added from now on.
    pub(crate) fn fork(&self) -> Option<Self> {
        (self.fork)(&*self.writes)
    }
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writes(..)")
    }
}

/// Records one success together with writes of the handler: all of it, or nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransactRequest {
    /// The record's own part.
    pub success: Success,
    /// The handler's part.
    pub writes: Writes,
}

/// How a success is recorded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Success {
    /// Under the lease that was claimed before the run.
    Complete(CompleteRequest),
    /// Without a claim before it.
    Mark(MarkRequest),
}

impl TransactRequest {
    /// A success together with these writes.
    #[must_use]
    pub fn new(success: Success, writes: Writes) -> Self {
        Self { success, writes }
    }
}

/// What a transaction came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransactAnswer {
    /// The record's own part decided: committed with all writes, or nothing was written because of what its row says.
    Decided(CompleteAnswer),
    /// A condition of the handler's own writes did not hold, and nothing was written. The outcome is what the handler said
    /// that this means.
    ConditionRefused(Outcome),
    /// Nothing was written, for another reason.
    NotWritten(StoreError),
}
