//! What lets a message's handler run, and what its success is recorded by.

use std::sync::Arc;

use super::{ClaimRequest, CompleteRequest, Idempotency, IdempotencyKey, Lease, MarkRequest, StoredResult, Success};

/// Under what a handler runs.
#[derive(Clone, Debug)]
pub(crate) enum Grant {
    /// A claim that was granted.
    Lease(Lease),
    /// No claim: a success is recorded under the condition of this one.
    Mark(Box<ClaimRequest>),
    /// No claim, and no record: the store is down, and the consumer said that messages run all the same.
    Unguarded(IdempotencyKey),
}

impl Grant {
    pub(crate) fn key(&self) -> &IdempotencyKey {
        match self {
            Self::Lease(lease) => &lease.key,
            Self::Mark(request) => &request.key,
            Self::Unguarded(key) => key,
        }
    }

    /// The attempt's token; `None` of one that nobody claimed.
    #[cfg(feature = "testkit")]
    pub(crate) fn owner(&self) -> Option<super::Owner> {
        match self {
            Self::Lease(lease) => Some(lease.owner()),
            Self::Mark(request) => Some(request.owner),
            Self::Unguarded(_) => None,
        }
    }

    pub(crate) fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Lease(lease) => Some(lease),
            Self::Mark(_) | Self::Unguarded(_) => None,
        }
    }

    pub(crate) fn is_unguarded(&self) -> bool {
        matches!(self, Self::Unguarded(_))
    }

    /// How a success under it is recorded; `None` where it is not.
    pub(crate) fn success(self, result: StoredResult, expires_at_s: u64) -> Option<Success> {
        match self {
            Self::Lease(lease) => Some(Success::Complete(CompleteRequest::new(lease, expires_at_s).result(result))),
            Self::Mark(request) => Some(Success::Mark(MarkRequest::new(*request).result(result))),
            Self::Unguarded(_) => None,
        }
    }
}

/// A grant, and who asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) grant: Grant,
    pub(crate) idempotency: Arc<Idempotency>,
}
