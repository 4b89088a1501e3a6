//! The store that all processes share, behind a wire that loses, delays and repeats.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Either, join_all, select},
};
use tokio::sync::oneshot;

use super::{
    chance::Chance,
    executor::{Executor, ProcessId},
    faults::{FaultCounts, Faults},
    ledger::{Ledger, Write},
    timeline::{ProcessClock, Timeline},
};
use crate::claim::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
    IdempotencyStore, Lease, MarkRequest, MemoryStore, Owner, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
};

/// The rows, and the wire to them.
#[derive(Clone)]
pub(super) struct SharedStore(Arc<Shared>);

pub(super) struct Shared {
    pub(super) rows: MemoryStore,
    pub(super) timeline: Timeline,
    pub(super) executor: Executor,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) counts: FaultCounts,
}

/// Requests that are under way belong to nobody: they arrive, whatever becomes of their sender.
pub(super) const NOBODY: ProcessId = ProcessId::MAX;

/// The store as one process sees it: by its own clock.
pub(super) struct ProcessStore {
    shared: SharedStore,
    rows: MemoryStore,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Refused,
    LosesTheRequest,
    LosesTheReply,
    Late,
    Twice,
    Slow,
}

const WAYS: [Way; 6] = [Way::Refused, Way::LosesTheRequest, Way::LosesTheReply, Way::Late, Way::Twice, Way::Slow];

/// The longest that a request takes whose sender gives it no limit.
const LONGEST: Duration = Duration::from_secs(10);

impl SharedStore {
    pub(super) fn new(timeline: &Timeline, executor: &Executor, chance: &Chance, faults: &Faults) -> Self {
        let truth = ProcessClock { timeline: timeline.clone(), ahead_ms: 0, lateness: Duration::ZERO };
        Self(Arc::new(Shared {
            rows: MemoryStore::new(truth),
            timeline: timeline.clone(),
            executor: executor.clone(),
            chance: chance.clone(),
            faults: faults.clone(),
            state: Mutex::default(),
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The row of a key, without a wire.
    pub(super) fn row(&self, key: &IdempotencyKey) -> Option<crate::claim::protocol::Row> {
        self.0.rows.row(key)
    }

    pub(super) fn of_process(&self, clock: &ProcessClock) -> ProcessStore {
        ProcessStore { shared: self.clone(), rows: self.0.rows.by_clock(Arc::new(clock.clone())) }
    }

    fn way(&self) -> Way {
        let Shared { chance, faults, timeline, .. } = &*self.0;
        if timeline.now() >= faults.until || !chance.happens(faults.store) {
            return Way::Open;
        }
        let way = chance.one_of(&WAYS).copied().unwrap_or(Way::Open);
        let mut state = self.state();
        let counts = &mut state.counts;
        let count = match way {
            Way::Open => return way,
            Way::Refused => &mut counts.refused,
            Way::LosesTheRequest => &mut counts.lost_requests,
            Way::LosesTheReply => &mut counts.lost_replies,
            Way::Late => &mut counts.late,
            Way::Twice => &mut counts.twice,
            Way::Slow => &mut counts.slow,
        };
        *count += 1;
        way
    }

    /// Some time on the wire.
    async fn travel(&self, longest: Duration) {
        let Shared { chance, timeline, .. } = &*self.0;
        let until = timeline.now() + chance.time(longest);
        timeline.sleep_until(until).await;
    }

    /// Sends one request: `apply` is what the server does, `unknown` what a sender makes of silence.
    async fn send<A: Send + 'static>(
        &self,
        apply: impl Fn() -> A + Send + Sync + 'static,
        refused: fn(StoreError) -> A,
        unknown: fn(StoreError) -> A,
        time_left: Option<Duration>,
    ) -> A {
        let way = self.way();
        let limit = time_left.unwrap_or(LONGEST).min(LONGEST);
        if way == Way::Refused {
            self.travel(Duration::from_millis(20)).await;
            return refused(StoreError::new("throttled"));
        }
        let (tell, told) = oneshot::channel();
        let wire = self.clone();
        self.0.executor.spawn(NOBODY, Box::pin(async move { wire.carry(way, limit, apply, tell).await }));
        let patience = self.0.timeline.sleep_until(self.0.timeline.now() + limit);
        match select(told, patience).await {
            Either::Left((Ok(answer), _)) => answer,
            Either::Left((Err(_), _)) | Either::Right(_) => unknown(StoreError::new("no answer")),
        }
    }

    async fn carry<A>(&self, way: Way, limit: Duration, apply: impl Fn() -> A, tell: oneshot::Sender<A>) {
        let quick = Duration::from_millis(20);
        match way {
            // Time-outs of the SDK end them well before the limit.
            Way::LosesTheRequest => self.travel(limit).await,
            Way::LosesTheReply => {
                self.travel(quick).await;
                drop(apply());
                self.travel(limit).await;
            }
            Way::Late => {
                drop(tell);
                self.travel(LONGEST * 3).await;
                drop(apply());
            }
            Way::Twice => {
                self.travel(quick).await;
                drop(apply());
                self.travel(Duration::from_secs(1)).await;
                // Nobody may wait any more.
                let _ = tell.send(apply());
            }
            Way::Slow => {
                self.travel(limit + Duration::from_secs(1)).await;
                let _ = tell.send(apply());
            }
            Way::Open | Way::Refused => {
                self.travel(quick).await;
                let _ = tell.send(apply());
            }
        }
    }

    /// Runs one write on the rows and looks at what it did.
    fn watched<A>(&self, write: Write, key: &IdempotencyKey, owner: Option<Owner>, run: impl FnOnce() -> A) -> A {
        let before = self.row(key);
        let answer = run();
        let after = self.row(key);
        self.state().ledger.note(write, key, owner, before.as_ref(), after.as_ref());
        answer
    }
}

/// The answer of a call that is over at once.
fn one<A>(answers: BoxFuture<'_, Vec<A>>, missing: fn(StoreError) -> A) -> A {
    let answers = answers.now_or_never().and_then(|mut answers| answers.pop());
    answers.unwrap_or_else(|| missing(StoreError::new("the rows gave no answer")))
}

type Time = Option<Duration>;

impl ProcessStore {
    /// The rows by this process's clock, for a request that outlives the call.
    fn parts(&self) -> (SharedStore, Arc<MemoryStore>) {
        (self.shared.clone(), Arc::new(self.rows.same()))
    }

    async fn claim_one(&self, request: ClaimRequest, time: Time) -> ClaimAnswer {
        let (wire, rows) = self.parts();
        let watching = wire.clone();
        let apply = move || {
            let claim = || one(rows.claim(std::slice::from_ref(&request), None), ClaimAnswer::Unknown);
            watching.watched(Write::Claim, &request.key, Some(request.owner), claim)
        };
        wire.send(apply, ClaimAnswer::Unavailable, ClaimAnswer::Unknown, time).await
    }

    async fn complete_one(&self, request: CompleteRequest, time: Time) -> CompleteAnswer {
        let (wire, rows) = self.parts();
        let watching = wire.clone();
        let apply = move || {
            let (key, owner) = (request.lease.key(), request.lease.owner());
            let complete = || one(rows.complete(std::slice::from_ref(&request), None), CompleteAnswer::Unknown);
            watching.watched(Write::Complete, key, Some(owner), complete)
        };
        wire.send(apply, CompleteAnswer::Unknown, CompleteAnswer::Unknown, time).await
    }

    async fn mark_one(&self, request: MarkRequest, time: Time) -> CompleteAnswer {
        let (wire, rows) = self.parts();
        let watching = wire.clone();
        let apply = move || {
            let (key, owner) = (&request.claim.key, request.claim.owner);
            let mark = || one(rows.mark(std::slice::from_ref(&request), None), CompleteAnswer::Unknown);
            watching.watched(Write::Mark, key, Some(owner), mark)
        };
        wire.send(apply, CompleteAnswer::Unknown, CompleteAnswer::Unknown, time).await
    }

    async fn give_up_one(&self, lease: Lease, fail: Option<FailRequest>, time: Time) -> HeldAnswer {
        let (wire, rows) = self.parts();
        let watching = wire.clone();
        let apply = move || {
            let give_up = || match &fail {
                Some(request) => one(rows.fail(std::slice::from_ref(request), None), HeldAnswer::Unknown),
                None => one(rows.release(std::slice::from_ref(&lease), None), HeldAnswer::Unknown),
            };
            watching.watched(Write::GiveUp, lease.key(), Some(lease.owner()), give_up)
        };
        wire.send(apply, HeldAnswer::Unknown, HeldAnswer::Unknown, time).await
    }

    async fn renew_one(&self, request: RenewRequest, time: Time) -> RenewAnswer {
        let (wire, rows) = self.parts();
        let watching = wire.clone();
        let apply = move || {
            let (key, owner) = (request.lease.key(), request.lease.owner());
            let renew = || one(rows.renew(std::slice::from_ref(&request), None), RenewAnswer::Unknown);
            watching.watched(Write::Renew, key, Some(owner), renew)
        };
        wire.send(apply, RenewAnswer::Unknown, RenewAnswer::Unknown, time).await
    }

    async fn read_one(&self, key: IdempotencyKey, time: Time) -> ReadAnswer {
        let (wire, rows) = self.parts();
        let apply = move || one(rows.read(std::slice::from_ref(&key), None), ReadAnswer::Unavailable);
        wire.send(apply, ReadAnswer::Unavailable, ReadAnswer::Unavailable, time).await
    }
}

impl IdempotencyStore for ProcessStore {
    fn claim<'a>(&'a self, all: &'a [ClaimRequest], time: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.claim_one(request.clone(), time))))
    }
    fn complete<'a>(&'a self, all: &'a [CompleteRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.complete_one(request.clone(), time))))
    }
    fn release<'a>(&'a self, all: &'a [Lease], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        Box::pin(join_all(all.iter().map(move |lease| self.give_up_one(lease.clone(), None, time))))
    }
    fn fail<'a>(&'a self, all: &'a [FailRequest], time: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        let one = move |request: &FailRequest| self.give_up_one(request.lease.clone(), Some(request.clone()), time);
        Box::pin(join_all(all.iter().map(one)))
    }
    fn renew<'a>(&'a self, all: &'a [RenewRequest], time: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.renew_one(request.clone(), time))))
    }
    fn mark<'a>(&'a self, all: &'a [MarkRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        Box::pin(join_all(all.iter().map(move |request| self.mark_one(request.clone(), time))))
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        Box::pin(join_all(keys.iter().map(move |key| self.read_one(key.clone(), time))))
    }
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        let forget = || self.rows.forget(key).now_or_never().unwrap_or_else(|| Err(StoreError::new("no answer")));
        let forgotten = self.shared.watched(Write::Forget, key, None, forget);
        Box::pin(std::future::ready(forgotten))
    }
}
