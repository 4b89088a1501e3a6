//! A store with one thing wrong.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqs_runtime::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, FencingToken, HeldAnswer, IdempotencyKey,
    IdempotencyStore, Lease, MarkRequest, PayloadHash, ReadAnswer, RenewAnswer, RenewRequest, RowState, RowStatus,
    StoreError,
};

/// A store with one thing wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong {
    Unavailable,
    Unknown,
    Corrupt,
    Missing,
    CommitUnknown,
    LeaseLost,
    CompletedElsewhere,
    GivenUpUnknown,
    /// Reads alone are refused.
    Unreadable,
    /// It reads rows that nobody heard the end of, and takes no claim.
    Unclaimable,
    /// It answers nothing while this holds, and all is well else.
    Away(&'static AtomicBool),
}

impl Wrong {
    fn to_claim(self, request: &ClaimRequest) -> Option<ClaimAnswer> {
        Some(match self {
            Self::Unavailable | Self::Unclaimable => ClaimAnswer::Unavailable(StoreError::new("throttled")),
            Self::Away(is_away) if is_away.load(SeqCst) => ClaimAnswer::Unavailable(StoreError::new("throttled")),
            Self::Unknown => ClaimAnswer::Unknown(StoreError::new("timed out")),
            Self::Corrupt => ClaimAnswer::Corrupt,
            Self::Missing => return None,
            _ => ClaimAnswer::Acquired(Lease::granted(request, FencingToken(1), 1, u64::MAX)),
        })
    }

    fn to_completion(self) -> CompleteAnswer {
        match self {
            Self::CommitUnknown => CompleteAnswer::Unknown(StoreError::new("timed out")),
            Self::LeaseLost => CompleteAnswer::LeaseLost,
            Self::Away(is_away) if is_away.load(SeqCst) => CompleteAnswer::Unknown(StoreError::new("timed out")),
            Self::Away(_) => CompleteAnswer::Committed,
            _ => CompleteAnswer::CompletedElsewhere,
        }
    }
}

/// The row of a run that began long ago and never ended.
fn unheard() -> RowState {
    let status = RowStatus::InProgress { lease_expires_at_ms: 1 };
    RowState::new(status, 0, u64::MAX, PayloadHash::of(b"x")).attempts(1)
}

fn each<'a, T, A: Send + 'a>(elements: &[T], answer: impl FnMut(&T) -> Option<A>) -> BoxFuture<'a, Vec<A>> {
    Box::pin(std::future::ready(elements.iter().filter_map(answer).collect()))
}

impl IdempotencyStore for Wrong {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        each(requests, |request| self.to_claim(request))
    }
    fn complete<'a>(&'a self, all: &'a [CompleteRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        each(all, |_| Some(self.to_completion()))
    }
    fn release<'a>(&'a self, leases: &'a [Lease], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        each(leases, |_| {
            Some(match self {
                Self::GivenUpUnknown => HeldAnswer::Unknown(StoreError::new("timed out")),
                _ => HeldAnswer::LeaseLost,
            })
        })
    }
    fn fail<'a>(&'a self, requests: &'a [FailRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        each(requests, |_| Some(HeldAnswer::LeaseLost))
    }
    fn renew<'a>(&'a self, requests: &'a [RenewRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        each(requests, |_| Some(RenewAnswer::LeaseLost))
    }
    fn mark<'a>(&'a self, requests: &'a [MarkRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        each(requests, |_| Some(self.to_completion()))
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], _: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        let is_refused = match self {
            Self::Unreadable => true,
            Self::Away(is_away) => is_away.load(SeqCst),
            _ => false,
        };
        let refused = || ReadAnswer::Unavailable(StoreError::new("throttled"));
        each(keys, |_| {
            Some(match self {
                _ if is_refused => refused(),
                Self::Unclaimable => ReadAnswer::Row(unheard()),
                _ => ReadAnswer::Nothing,
            })
        })
    }
    fn forget<'a>(&'a self, _: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}
