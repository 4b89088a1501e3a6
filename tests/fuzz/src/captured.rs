//! The key and the payload hash by which a message is claimed, as a store is asked for them.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use sqs_runtime::{
    Consumer, Idempotency,
    batch::Batch,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Key, Lease, MarkRequest, PayloadHash, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
    },
};

use super::run::{event_of, pipeline, run};

type Answers<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Time = Option<Duration>;

/// Notes what is claimed, and grants nothing: so no handler runs, and nothing else is ever asked for.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<ClaimRequest>>>);

impl IdempotencyStore for Captured {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], _: Time) -> Answers<'a, Vec<ClaimAnswer>> {
        self.0.lock().expect("no panic").extend_from_slice(requests);
        let refused = || ClaimAnswer::Unavailable(StoreError::new("captured"));
        Box::pin(async move { requests.iter().map(|_| refused()).collect() })
    }
    fn complete<'a>(&'a self, _: &'a [CompleteRequest], _: Time) -> Answers<'a, Vec<CompleteAnswer>> {
        Box::pin(async { unreachable!("nothing was granted") })
    }
    fn release<'a>(&'a self, _: &'a [Lease], _: Time) -> Answers<'a, Vec<HeldAnswer>> {
        Box::pin(async { unreachable!("nothing was granted") })
    }
    fn fail<'a>(&'a self, _: &'a [FailRequest], _: Time) -> Answers<'a, Vec<HeldAnswer>> {
        Box::pin(async { unreachable!("nothing was granted") })
    }
    fn renew<'a>(&'a self, _: &'a [RenewRequest], _: Time) -> Answers<'a, Vec<RenewAnswer>> {
        Box::pin(async { unreachable!("nothing was granted") })
    }
    fn mark<'a>(&'a self, _: &'a [MarkRequest], _: Time) -> Answers<'a, Vec<CompleteAnswer>> {
        Box::pin(async { unreachable!("nothing was run") })
    }
    fn read<'a>(&'a self, _: &'a [IdempotencyKey], _: Time) -> Answers<'a, Vec<ReadAnswer>> {
        Box::pin(async { unreachable!("a first receive is claimed at once") })
    }
    fn forget<'a>(&'a self, _: &'a IdempotencyKey) -> Answers<'a, Result<bool, StoreError>> {
        Box::pin(async { unreachable!("nobody asks for it") })
    }
}

/// By what a message of that body is claimed; `None` where it is rejected instead.
pub(crate) fn identity(key: Key, body: &str) -> Option<(IdempotencyKey, PayloadHash)> {
    let store = Captured::default();
    let consumer = Consumer::new(|| async {}).idempotency(Idempotency::new(store.clone()).key(key));
    let batch = Batch::from_json(event_of(body)).expect("a well-formed event");
    let report = run(&pipeline(consumer), &batch);
    assert!(report.outcome(0).is_some_and(|outcome| outcome.is_failure()), "a success without a grant");
    let claims = std::mem::take(&mut *store.0.lock().expect("no panic"));
    assert!(claims.len() <= 1);
    claims.into_iter().next().map(|request| (request.key, request.payload_hash))
}
