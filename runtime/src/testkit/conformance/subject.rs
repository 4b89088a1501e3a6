//! What every promise is tried on: one key, and requests for it.

use std::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::FutureExt;

use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, HeldAnswer, IdempotencyKey, IdempotencyStore,
        Lease, Owner, PayloadHash, ReadAnswer, RowState,
    },
    clock::{Clock, epoch_ms},
    layer::Panicked,
    testkit::ManualClock,
};

/// How long the leases of these tests last.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// How long rows are remembered.
pub(super) const RETENTION: Duration = Duration::from_secs(1_000);

/// More than clocks may differ.
pub(super) const SKEW: Duration = Duration::from_secs(2);

/// One key, and requests for it.
pub(super) struct Subject<'a> {
    clock: &'a ManualClock,
    pub(super) key: IdempotencyKey,
    /// What its owners have in common: a store may know a request by its owner alone, whatever key it is for.
    owners: u128,
}

impl<'a> Subject<'a> {
    pub(super) fn new(clock: &'a ManualClock) -> Self {
        // Keys of its own also where several runs share a table.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (number, process) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let key = IdempotencyKey::derive("conformance", &[&process.to_be_bytes(), &number.to_be_bytes()]);
        Self { clock, key, owners: u128::from(process) << 96 | u128::from(number) << 32 }
    }

    /// A request by the owner with that number.
    pub(super) fn request(&self, owner: u128, payload: &str) -> ClaimRequest {
        let now_ms = epoch_ms(self.clock.wall());
        let (lease, retention) = (millis(LEASE), RETENTION.as_secs());
        let hash = PayloadHash::of(payload.as_bytes());
        ClaimRequest::new(
            self.key.clone(),
            Owner::from_bits(self.owners | owner),
            now_ms + lease,
            now_ms / 1_000 + retention,
            hash,
        )
    }

    pub(super) fn completion(&self, lease: &Lease) -> CompleteRequest {
        CompleteRequest::new(lease.clone(), epoch_ms(self.clock.wall()) / 1_000 + RETENTION.as_secs())
    }

    pub(super) async fn read(&self, store: &dyn IdempotencyStore) -> ReadAnswer {
        one(store.read(std::slice::from_ref(&self.key), None).await)
    }

    pub(super) async fn row(&self, store: &dyn IdempotencyStore) -> RowState {
        match self.read(store).await {
            ReadAnswer::Row(row) => row,
            other => panic!("a row that was written is not read: {other:?}"),
        }
    }

    pub(super) fn end_lease(&self) {
        self.clock.advance(LEASE + SKEW);
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) async fn claim(store: &dyn IdempotencyStore, request: ClaimRequest) -> ClaimAnswer {
    one(store.claim(&[request], None).await)
}

pub(super) async fn complete(store: &dyn IdempotencyStore, request: CompleteRequest) -> CompleteAnswer {
    one(store.complete(&[request], None).await)
}

pub(super) async fn release(store: &dyn IdempotencyStore, lease: &Lease) -> HeldAnswer {
    one(store.release(std::slice::from_ref(lease), None).await)
}

/// Keeps a promise's name in front of what it panics with.
pub(super) async fn named(name: &str, promise: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(promise).catch_unwind().await {
        panic!("{name}: {}", Panicked::new(panic));
    }
}

pub(super) fn one<A>(mut answers: Vec<A>) -> A {
    match (answers.pop(), answers.len()) {
        (Some(answer), 0) => answer,
        (_, others) => panic!("one element was asked, and {others} more were answered"),
    }
}

/// The lease of a claim that must be granted.
pub(super) async fn granted(store: &dyn IdempotencyStore, request: ClaimRequest) -> Lease {
    match claim(store, request).await {
        ClaimAnswer::Acquired(lease) => lease,
        other => panic!("a claim that must be granted got {other:?}"),
    }
}

/// The answer must be that one; else the promise is broken.
macro_rules! promise {
    ($answer:expr, $pattern:pat $(if $guard:expr)?, $promise:literal) => {
        match $answer {
            $pattern $(if $guard)? => {}
            other => panic!("{}: got {other:?}", $promise),
        }
    };
}

pub(super) use promise;
