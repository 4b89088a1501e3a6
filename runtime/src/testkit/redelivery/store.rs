//! The store of a process that can die: inside each call are two kill points.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    KillPoint,
    kill::Kill,
    point::{Moment, TRANSACTION},
};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
    IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError, TransactAnswer,
    TransactRequest,
};

/// A store that one process asks. It outlives the process, which may die before a call is sent and after it has landed.
pub(super) struct MortalStore {
    kill: Kill,
    store: Arc<dyn IdempotencyStore>,
}

type Time = Option<Duration>;

impl MortalStore {
    pub(super) fn new(kill: Kill, store: Arc<dyn IdempotencyStore>) -> Self {
        Self { kill, store }
    }

    /// Sends a call between its two kill points. A store may work as soon as it is asked, so it is not asked earlier.
    fn send<'a, A: Send + 'a>(
        &'a self,
        call: &'static str,
        ask: impl FnOnce(&'a dyn IdempotencyStore) -> BoxFuture<'a, A> + Send + 'a,
    ) -> BoxFuture<'a, A> {
        Box::pin(async move {
            self.kill.reach(KillPoint::in_store(call, Moment::Before)).await;
            let answer = self.kill.while_alive(ask(&*self.store)).await;
            self.kill.reach(KillPoint::in_store(call, Moment::After)).await;
            answer
        })
    }
}

impl IdempotencyStore for MortalStore {
    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        self.send("claim", move |store| store.claim(all, time))
    }
    fn complete<'a>(&'a self, all: &'a [CompleteRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.send("completion", move |store| store.complete(all, time))
    }
    fn release<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.send("release", move |store| store.release(all, time))
    }
    fn cancel<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.send("cancellation", move |store| store.cancel(all, time))
    }
    fn fail<'a>(&'a self, all: &'a [FailRequest], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.send("rejection", move |store| store.fail(all, time))
    }
    fn renew<'a>(&'a self, all: &'a [RenewRequest], time: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        self.send("renewal", move |store| store.renew(all, time))
    }
    fn mark<'a>(&'a self, all: &'a [MarkRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.send("mark", move |store| store.mark(all, time))
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        self.send("read", move |store| store.read(keys, time))
    }
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.send("forgetting", move |store| store.forget(key))
    }
    fn travels_together(&self) -> bool {
        self.store.travels_together()
    }

    fn transacts(&self) -> bool {
        self.store.transacts()
    }
    fn transact<'a>(&'a self, request: &'a TransactRequest, time: Time) -> BoxFuture<'a, TransactAnswer> {
        self.send(TRANSACTION, move |store| store.transact(request, time))
    }
}
