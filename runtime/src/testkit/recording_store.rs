//! A store that notes what it was asked.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;

use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
    IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError, TransactAnswer,
    TransactRequest,
};

/// An idempotency store around another one, that notes every call. Clones share the notes.
///
/// ```
/// use sqs_runtime::{Consumer, Idempotency, SystemClock, claim::MemoryStore, run::{Pipeline, Replay}};
/// use sqs_runtime::testkit::RecordingStore;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = RecordingStore::new(MemoryStore::new(SystemClock::new()));
/// let consumer = Consumer::new(|| async {}).idempotency(Idempotency::new(store.clone()));
/// let event = r#"{"Records": [{"messageId": "m-1", "body": "x", "attributes": {"ApproximateReceiveCount": "1"}}]}"#;
/// Replay::new().event(&Pipeline::for_tests(consumer), event).await?;
/// let calls: Vec<_> = store.calls().iter().map(|call| (call.operation, call.elements)).collect();
/// assert_eq!(calls, [("claim", 1), ("complete", 1)]);
/// # Ok::<(), sqs_runtime::Error>(())
/// # }).unwrap();
/// ```
pub struct RecordingStore<S>(Arc<Recorded<S>>);

struct Recorded<S> {
    store: S,
    calls: Mutex<Vec<StoreCall>>,
}

/// One call to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCall {
    /// The operation, by the name of its function.
    pub operation: &'static str,
    /// How many elements came together.
    pub elements: usize,
}

impl<S> RecordingStore<S> {
    /// Notes what this store is asked.
    pub fn new(store: S) -> Self {
        Self(Arc::new(Recorded { store, calls: Mutex::default() }))
    }

    /// Every call so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<StoreCall> {
        self.notes().clone()
    }

    /// Every call so far, which are then forgotten.
    pub fn take_calls(&self) -> Vec<StoreCall> {
        std::mem::take(&mut *self.notes())
    }

    fn notes(&self) -> MutexGuard<'_, Vec<StoreCall>> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call and passes it on.
    fn note(&self, operation: &'static str, elements: usize) -> &S {
        self.notes().push(StoreCall { operation, elements });
        &self.0.store
    }
}

type Time = Option<Duration>;

impl<S: IdempotencyStore> IdempotencyStore for RecordingStore<S> {
    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        self.note("claim", all.len()).claim(all, time)
    }
    fn complete<'a>(&'a self, all: &'a [CompleteRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.note("complete", all.len()).complete(all, time)
    }
    fn release<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.note("release", all.len()).release(all, time)
    }
    fn cancel<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.note("cancel", all.len()).cancel(all, time)
    }
    fn fail<'a>(&'a self, all: &'a [FailRequest], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.note("fail", all.len()).fail(all, time)
    }
    fn renew<'a>(&'a self, all: &'a [RenewRequest], time: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        self.note("renew", all.len()).renew(all, time)
    }
    fn mark<'a>(&'a self, all: &'a [MarkRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.note("mark", all.len()).mark(all, time)
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        self.note("read", keys.len()).read(keys, time)
    }
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.note("forget", 1).forget(key)
    }
    fn travels_together(&self) -> bool {
        self.0.store.travels_together()
    }

    fn transacts(&self) -> bool {
        self.0.store.transacts()
    }
    fn transact<'a>(&'a self, request: &'a TransactRequest, time: Time) -> BoxFuture<'a, TransactAnswer> {
        self.note("transact", 1).transact(request, time)
    }
}

impl<S> Clone for RecordingStore<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for RecordingStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingStore").field("calls", &self.notes().len()).finish_non_exhaustive()
    }
}
