//! The store that all processes share, behind a wire that loses, delays and repeats.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::oneshot;

use super::{
    chance::Chance,
    circumstances::Circumstances,
    executor::{Executor, ProcessId},
    faults::{FaultCounts, Faults},
    ledger::{Ledger, Write},
    own_store::OwnStore,
    plant::Plant,
    rows,
    server::{Answer, Request, Server},
    timeline::{START, Sleep, Timeline},
    worker::Deliveries,
};
use crate::claim::{
    ClaimAnswer, IdempotencyKey,
    protocol::{Row, Status},
};

/// The rows, and the wire to them.
#[derive(Clone)]
pub(super) struct SharedStore(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) server: Server,
    /// What stands in its place.
    pub(super) own: Option<OwnStore>,
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
pub(super) const LONGEST: Duration = Duration::from_secs(10);

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

    /// Milliseconds since 1970, by a clock that is right.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from((START + self.now()).as_millis()).unwrap_or(u64::MAX)
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

    /// What happens to a request to the store.
    pub(super) fn way_to_the_store(&self) -> Way {
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
    pub(super) async fn send(&self, request: Request, now_ms: u64, limit: Duration) -> Result<Answer, Silence> {
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
        if self.0.server.is_expired(key, self.now_ms()) && self.faults_are_on() && self.happens(500) {
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
