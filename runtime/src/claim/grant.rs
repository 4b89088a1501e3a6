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
}

impl Grant {
    pub(crate) fn key(&self) -> &IdempotencyKey {
        match self {
            Self::Lease(lease) => &lease.key,
            Self::Mark(request) => &request.key,
        }
    }

    pub(crate) fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Lease(lease) => Some(lease),
            Self::Mark(_) => None,
        }
    }

    /// How a success under it is recorded.
    pub(crate) fn success(self, result: StoredResult, expires_at_s: u64) -> Success {
        match self {
            Self::Lease(lease) => Success::Complete(CompleteRequest::new(lease, expires_at_s).result(result)),
            Self::Mark(request) => Success::Mark(MarkRequest::new(*request).result(result)),
        }
    }
}

/// A grant, and who asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) grant: Grant,
    pub(crate) idempotency: Arc<Idempotency>,
}
