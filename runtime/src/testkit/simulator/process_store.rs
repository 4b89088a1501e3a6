//! The store as one process sees it, with its retries: by its own clock.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use super::{
    effect::Counted,
    ledger::Write,
    own_store::OwnStore,
    server::{Answer, Request},
    store::{LONGEST, Shared, SharedStore, Silence, Way},
    timeline::SimulationClock,
};
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError, Success,
        TransactAnswer, TransactRequest,
    },
    clock::{Clock, epoch_ms},
};

pub(super) struct ProcessStore {
    pub(super) wire: SharedStore,
    clock: SimulationClock,
}

pub(super) type Time = Option<Duration>;

pub(super) fn limit(time: Time) -> Duration {
    time.unwrap_or(LONGEST).min(LONGEST)
}

fn silent() -> StoreError {
    StoreError::new("no answer")
}

fn throttled() -> StoreError {
    StoreError::new("throttled")
}

impl ProcessStore {
    pub(super) fn new(wire: &SharedStore, clock: &SimulationClock) -> Self {
        Self { wire: wire.clone(), clock: clock.clone() }
    }

    pub(super) fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    async fn send(&self, request: Request, time: Time) -> Result<Answer, Silence> {
        self.wire.send(request, self.now_ms(), limit(time)).await
    }

    /// `in_doubt`: the same was asked in company, and what became of it is not known.
    pub(super) async fn claim_one(&self, request: ClaimRequest, in_doubt: bool, time: Time) -> ClaimAnswer {
        match self.send(Request::Claim(request.clone()), time).await {
            Ok(Answer::Claim(answer)) => answer,
            Err(Silence::Refused) if !in_doubt => {
                self.wire.meets("claim: nothing was written");
                ClaimAnswer::Unavailable(throttled())
            }
            // One read, as the DynamoDB store makes it, that may get lost itself.
            _ if self.wire.0.own.is_none() && self.wire.way_to_the_store() == Way::Open => {
                let healed = self.wire.0.server.healed(&request, self.now_ms());
                healed.unwrap_or_else(|| self.claim_is_unknown())
            }
            _ => self.claim_is_unknown(),
        }
    }

    fn claim_is_unknown(&self) -> ClaimAnswer {
        self.wire.meets("claim: unknown");
        ClaimAnswer::Unknown(silent())
    }

    pub(super) async fn commit_one(&self, request: Request, time: Time) -> CompleteAnswer {
        // The second try waits for as long as anybody listens.
        for time in [time.map(|time| time / 2), None] {
            if let Ok(Answer::Complete(answer)) = self.send(request.clone(), time).await {
                return answer;
            }
        }
        let is_mark = matches!(request, Request::Mark(_));
        self.wire.meets(if is_mark { "mark: unknown" } else { "complete: unknown" });
        CompleteAnswer::Unknown(silent())
    }

    async fn transact_one(&self, request: Request, time: Time) -> TransactAnswer {
        let mut is_in_doubt = false;
        for time in [time.map(|time| time / 2), None] {
            match self.send(request.clone(), time).await {
                Ok(Answer::Complete(answer)) => return TransactAnswer::Decided(answer),
                Ok(_) | Err(Silence::Unknown) => is_in_doubt = true,
                Err(Silence::Refused) => {}
            }
        }
        if is_in_doubt {
            self.wire.meets("transaction: unknown");
            TransactAnswer::Decided(CompleteAnswer::Unknown(silent()))
        } else {
            self.wire.meets("transaction: nothing was written");
            TransactAnswer::NotWritten(throttled())
        }
    }

    pub(super) async fn give_up_one(&self, request: Request, time: Time) -> HeldAnswer {
        match self.send(request, time).await {
            Ok(Answer::Held(answer)) => answer,
            _ => {
                self.wire.meets("release, cancel, reject: unknown");
                HeldAnswer::Unknown(silent())
            }
        }
    }

    async fn renew_one(&self, request: RenewRequest, time: Time) -> RenewAnswer {
        let owner = request.lease.owner();
        match self.send(Request::Renew(request), time).await {
            Ok(Answer::Renew(answer)) => {
                if matches!(answer, RenewAnswer::LeaseLost) {
                    self.wire.state().deliveries.lease_is_lost(owner);
                }
                answer
            }
            _ => {
                self.wire.meets("renew: unknown");
                RenewAnswer::Unknown(silent())
            }
        }
    }

    async fn read_one(&self, key: IdempotencyKey, time: Time) -> ReadAnswer {
        match self.send(Request::Read(key), time).await {
            Ok(Answer::Read(answer)) => answer,
            _ => {
                self.wire.meets("read: unknown");
                ReadAnswer::Unavailable(silent())
            }
        }
    }
}

impl IdempotencyStore for ProcessStore {
    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(self.answer_all(all, time))
    }
    fn complete<'a>(&'a self, all: &'a [CompleteRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(self.answer_all(all, time))
    }
    fn release<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(self.answer_all(all, time))
    }
    fn cancel<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(join_all(all.iter().map(move |lease| self.give_up_one(Request::Cancel(lease.clone()), time))))
    }
    fn fail<'a>(&'a self, all: &'a [FailRequest], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(self.answer_all(all, time))
    }
    fn renew<'a>(&'a self, all: &'a [RenewRequest], time: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.renew_one(request.clone(), time))))
    }
    fn mark<'a>(&'a self, all: &'a [MarkRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.commit_one(Request::Mark(request.clone()), time))))
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(join_all(keys.iter().map(move |key| self.read_one(key.clone(), time))))
    }
    fn travels_together(&self) -> bool {
        self.wire.0.together
    }
    fn transacts(&self) -> bool {
        self.wire.0.own.is_none()
    }
    fn transact<'a>(&'a self, request: &'a TransactRequest, time: Time) -> BoxFuture<'a, TransactAnswer> {
        let effects = request.writes.downcast::<Counted>().map_or(0, |counted| counted.count());
        let success = match request.success.clone() {
            Success::Complete(request) => Request::Complete(request),
            Success::Mark(request) => Request::Mark(request),
        };
        Box::pin(self.transact_one(Request::Transact(Box::new(success), effects), time))
    }
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        let Shared { server, own, .. } = &*self.wire.0;
        if let Some(OwnStore(own)) = own {
            return own.forget(key);
        }
        let before = server.row(key);
        let forgotten = server.forget(key);
        let now_ms = self.now_ms();
        self.wire.state().ledger.note(Write::Forget, key, None, before.as_ref(), server.row(key).as_ref(), now_ms);
        Box::pin(std::future::ready(Ok(forgotten)))
    }
}
