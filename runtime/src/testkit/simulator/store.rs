//! The store that all processes share, behind a wire that loses, delays and repeats.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, Either, join_all, select};
use tokio::sync::oneshot;

use super::{
    chance::Chance,
    circumstances::Circumstances,
    effect::Counted,
    executor::{Executor, ProcessId},
    faults::{FaultCounts, Faults},
    ledger::{Ledger, Write},
    own_store::OwnStore,
    plant::Plant,
    rows,
    server::{Answer, Request, Server},
    timeline::{START, SimulationClock, Sleep, Timeline},
    worker::Deliveries,
};
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError, Success,
        TransactAnswer, TransactRequest,
        protocol::{Row, Status},
    },
    clock::{Clock, epoch_ms},
};

/// The rows, and the wire to them.
#[derive(Clone)]
pub(super) struct SharedStore(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) server: Server,
    /// What stands in its place.
    own: Option<OwnStore>,
    /// Planted: effects happen whether or not their transaction commits.
    effects_apart: bool,
    /// Planted: what failed in company counts as done.
    pub(super) failed_as_done: bool,
    /// What is asked at the same moment is asked in few messages.
    pub(super) together: bool,
    timeline: Timeline,
    executor: Executor,
    chance: Chance,
    pub(super) faults: Faults,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) counts: FaultCounts,
    pub(super) circumstances: Circumstances,
    pub(super) rows: std::collections::BTreeMap<&'static str, u64>,
    /// Processes whose handler ended them.
    pub(super) ended: Vec<ProcessId>,
    pub(super) deliveries: Deliveries,
    /// Workers that ended by themselves, and what they came to.
    pub(super) returned: Vec<(ProcessId, Result<(), String>)>,
    /// Lines for the trace.
    pub(super) news: Vec<String>,
}

/// Requests that are under way belong to nobody: they arrive, whatever becomes of their sender.
pub(super) const NOBODY: ProcessId = ProcessId::MAX;

/// The store as one process sees it: by its own clock.
pub(super) struct ProcessStore {
    pub(super) wire: SharedStore,
    clock: SimulationClock,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    Refused,
    LosesTheRequest,
    LosesTheReply,
    Late,
    Twice,
    Echo,
    Slow,
}

/// The rarest harm needs an echo at the right time, so there are more of them.
const WAYS: [Way; 8] =
    [Way::Refused, Way::LosesTheRequest, Way::LosesTheReply, Way::Late, Way::Twice, Way::Echo, Way::Echo, Way::Slow];

/// The longest that a request takes whose sender gives it no limit.
const LONGEST: Duration = Duration::from_secs(10);

/// Most requests are that quick.
const QUICK: Duration = Duration::from_millis(20);

/// A request that came to no answer.
pub(super) enum Silence {
    /// The server refused it; nothing was written.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl SharedStore {
    pub(super) fn new(
        timeline: &Timeline,
        executor: &Executor,
        chance: &Chance,
        faults: &Faults,
        plant: Option<Plant>,
        together: bool,
        own: Option<OwnStore>,
    ) -> Self {
        Self(Arc::new(Shared {
            server: Server::new(plant.and_then(Plant::rules).unwrap_or_default()),
            effects_apart: plant == Some(Plant::EffectsApart),
            failed_as_done: plant == Some(Plant::FailedInCompanyAsDone),
            together: together && own.is_none(),
            timeline: timeline.clone(),
            executor: executor.clone(),
            chance: chance.clone(),
            faults: faults.clone(),
            own,
            state: Mutex::default(),
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Duration {
        self.0.timeline.now()
    }

    pub(super) fn sleep(&self, time: Duration) -> Sleep {
        self.0.timeline.sleep_until(self.now() + time)
    }

    pub(super) fn sleep_until(&self, due: Duration) -> Sleep {
        self.0.timeline.sleep_until(due)
    }

    pub(super) fn happens(&self, per_mille: u32) -> bool {
        self.0.chance.happens(per_mille)
    }

    pub(super) fn faults_are_on(&self) -> bool {
        self.now() < self.0.faults.until
    }

    /// Whether a queue gives the same to somebody else too.
    pub(super) fn doubles(&self) -> bool {
        let doubles = self.faults_are_on() && self.happens(self.0.faults.duplicate);
        self.state().counts.duplicates += u64::from(doubles);
        doubles
    }

    /// A row of one of the tables was met.
    pub(super) fn meets(&self, row: &'static str) {
        *self.state().rows.entry(row).or_default() += 1;
    }

    /// Whether one entry of a call to a queue fails, and the others do not.
    pub(super) fn fails_alone(&self) -> bool {
        let fails = self.faults_are_on() && self.happens(self.0.faults.store / 4);
        self.state().counts.failed_entries += u64::from(fails);
        fails
    }

    pub(super) fn spawn(&self, process: ProcessId, task: BoxFuture<'static, ()>) {
        self.0.executor.spawn(process, task);
    }

    pub(super) fn of_process(&self, clock: &SimulationClock) -> ProcessStore {
        ProcessStore { wire: self.clone(), clock: clock.clone() }
    }

    /// What happens to a request to the store.
    fn way_to_the_store(&self) -> Way {
        let Shared { faults, timeline, .. } = &*self.0;
        if faults.outages.iter().any(|(from, time)| (*from..*from + *time).contains(&timeline.now())) {
            self.state().counts.outages += 1;
            return if faults.outages_are_silent { Way::LosesTheRequest } else { Way::Refused };
        }
        self.way()
    }

    /// What happens to a request to anybody.
    pub(super) fn way(&self) -> Way {
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
            Way::Twice | Way::Echo => &mut counts.twice,
            Way::Slow => &mut counts.slow,
        };
        *count += 1;
        way
    }

    /// Some time on the wire.
    pub(super) async fn travel(&self, longest: Duration) {
        let Shared { chance, timeline, .. } = &*self.0;
        let until = timeline.now() + chance.time(longest);
        timeline.sleep_until(until).await;
    }

    /// Sends one request and waits for its answer, at most that long.
    async fn send(&self, request: Request, now_ms: u64, limit: Duration) -> Result<Answer, Silence> {
        let asked = request.clone();
        self.exchange(&[request], limit, move |wire| wire.apply(&asked, now_ms)).await
    }

    /// Sends one message with these requests, which arrives as often as the wire makes of it, and waits for its answer, at most that
    /// long.
    pub(super) async fn exchange<A: Send + 'static>(
        &self,
        requests: &[Request],
        limit: Duration,
        arrives: impl Fn(&Self) -> A + Send + Sync + 'static,
    ) -> Result<A, Silence> {
        let writes = || requests.iter().filter_map(Request::write);
        for (write, by) in writes() {
            if matches!(write, Write::Complete | Write::Mark) {
                self.state().ledger.is_told(by.owner);
            }
        }
        let way = self.way_to_the_store();
        if way == Way::Refused {
            self.travel(QUICK).await;
            return Err(Silence::Refused);
        }
        for (write, by) in writes() {
            self.state().ledger.sends(write, by.owner);
        }
        let (tell, told) = oneshot::channel();
        let wire = self.clone();
        self.0.executor.spawn(NOBODY, Box::pin(async move { wire.carry(way, limit, arrives, tell).await }));
        let patience = self.0.timeline.sleep_until(self.0.timeline.now() + limit);
        match select(told, patience).await {
            Either::Left((Ok(answer), _)) => Ok(answer),
            Either::Left((Err(_), _)) | Either::Right(_) => Err(Silence::Unknown),
        }
    }

    async fn carry<A>(&self, way: Way, limit: Duration, arrives: impl Fn(&Self) -> A + Sync, tell: oneshot::Sender<A>) {
        match way {
            Way::LosesTheRequest => self.travel(limit).await,
            Way::LosesTheReply => {
                self.travel(QUICK).await;
                drop(arrives(self));
                self.travel(limit).await;
            }
            Way::Late => {
                drop(tell);
                self.travel(LONGEST * 3).await;
                drop(arrives(self));
            }
            Way::Twice => {
                self.travel(QUICK).await;
                drop(arrives(self));
                self.travel(Duration::from_secs(1)).await;
                // Nobody may wait any more.
                let _ = tell.send(arrives(self));
            }
            // The SDK's second attempt was answered, and the first one is still on its way.
            Way::Echo => {
                self.travel(QUICK).await;
                let _ = tell.send(arrives(self));
                self.travel(LONGEST * 3).await;
                drop(arrives(self));
            }
            Way::Slow => {
                self.travel(limit + Duration::from_secs(1)).await;
                let _ = tell.send(arrives(self));
            }
            Way::Open | Way::Refused => {
                self.travel(QUICK).await;
                let _ = tell.send(arrives(self));
            }
        }
    }

    /// Runs one request on the rows and looks at what it did.
    pub(super) fn apply(&self, request: &Request, now_ms: u64) -> Answer {
        let Shared { server, own, .. } = &*self.0;
        if let Some(own) = own {
            return own.apply(self, request);
        }
        self.maybe_forget(request.key());
        let before = server.row(request.key());
        let answer = server.answer(request, now_ms);
        let after = server.row(request.key());
        let mut state = self.state();
        self.note_effects(&mut state, request, before.as_ref(), after.as_ref());
        if let Some(row) = rows::met(request, before.as_ref(), &answer, now_ms) {
            *state.rows.entry(row).or_default() += 1;
        }
        if let Some((write, by)) = request.write() {
            let owner = by.owner;
            state.ledger.note(write, request.key(), Some(by), before.as_ref(), after.as_ref(), now_ms);
            let is_granted =
                after.as_ref().is_some_and(|row| row.owner == owner && matches!(row.status, Status::InProgress { .. }));
            if !is_granted && matches!(answer, Answer::Claim(ClaimAnswer::Acquired(_))) {
                state.ledger.violation("a claim is granted although its row is not in progress for it".to_owned());
            }
            let is_own = after.is_some_and(|row| row.owner == owner && matches!(row.status, Status::InProgress { .. }));
            if let (Request::Claim(request), Answer::Claim(ClaimAnswer::Completed { .. })) = (request, &answer)
                && before.as_ref().is_some_and(|row| row.payload_hash != request.payload_hash)
            {
                state.ledger.violation("I18: another payload is answered as done".to_owned());
            }
            if is_own && matches!(answer, Answer::Claim(ClaimAnswer::InProgress { .. })) {
                state.ledger.violation("I5: an attempt is blocked by its own claim".to_owned());
            }
        }
        answer
    }
}

impl SharedStore {
    /// DynamoDB removes what is over, sooner or later.
    fn maybe_forget(&self, key: &IdempotencyKey) {
        let now = u64::try_from((START + self.now()).as_millis()).unwrap_or(u64::MAX);
        if self.0.server.is_expired(key, now) && self.faults_are_on() && self.happens(500) {
            self.0.server.remove(key);
            let mut state = self.state();
            state.circumstances.removed_rows += 1;
            state.ledger.forgets(key);
        }
    }

    /// Effects happen with the commit of their transaction, and with no other.
    fn note_effects(&self, state: &mut State, request: &Request, before: Option<&Row>, after: Option<&Row>) {
        let is_done = |row: Option<&Row>| row.is_some_and(|row| row.status == Status::Completed);
        let commits = before != after && is_done(after);
        match request {
            Request::Transact(_, effects) if commits || self.0.effects_apart => {
                state.ledger.happened(request.key(), *effects, commits);
            }
            Request::Complete(_) | Request::Mark(_) if commits => {
                let owner = request.write().map(|(_, by)| by.owner);
                if owner.is_some_and(|owner| state.ledger.is_wanting(owner)) {
                    state.ledger.violation("I6: a success is recorded without its handler's effects".to_owned());
                }
            }
            _ => {}
        }
    }
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
