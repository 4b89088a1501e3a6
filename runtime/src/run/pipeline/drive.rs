//! The loop over one batch.
//!
//! One task of ours drives the batch: it hands ready records to the claim, starts the task of each that was granted, hears
//! how they end, and settles them. What is pending at the same moment goes to the store together. Requests to the store
//! belong to the batch: stopping one record's handler takes no other record's write along.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{
    StreamExt,
    future::{AbortHandle, BoxFuture},
    stream::FuturesUnordered,
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, mpsc};

use super::{
    Deadline, Report, Shared,
    deadline::Phase,
    flight::{Flight, Running, Stage},
    plan::plan,
    schedule::Schedule,
    task::{self, Ended, How, Teller},
};
use crate::{
    batch::{Batch, Record},
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, HeldAnswer, Idempotency, Lease, Owner, PayloadHash, StoreError,
    },
    handler::{Delivery, Failure, Invocation, MessageService, Progress},
    layer::Panicked,
    outcome::{Outcome, Reason, ReasonClass},
};

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// A batch while it runs.
pub(super) struct Drive {
    shared: Arc<Shared>,
    service: MessageService,
    batch: Batch,
    invocation: Invocation,
    deadline: Option<Deadline>,
    phase: Phase,
    alarm: Option<BoxFuture<'static, ()>>,
    schedule: Schedule,
    /// By place in the batch; at most as many as there are permits.
    flights: BTreeMap<usize, Flight>,
    ended: mpsc::UnboundedReceiver<Ended>,
    teller: mpsc::UnboundedSender<Ended>,
    stored: FuturesUnordered<BoxFuture<'static, Stored>>,
    /// Waiting in line for a permit, where other batches hold them all.
    acquiring: Option<Acquiring>,
    permit: Option<OwnedSemaphorePermit>,
    nothing_to_do: usize,
    noted_receive_count: bool,
}

/// What the store answered, with the places of the records that asked.
enum Stored {
    Claimed(Vec<usize>, Vec<ClaimAnswer>),
    Completed(Vec<usize>, Vec<CompleteAnswer>),
    /// Released, with the outcomes that were decided before: the answer changes none of them.
    Released(Vec<(usize, Outcome)>, Vec<HeldAnswer>),
}

/// What wakes the loop, in the order in which it is looked at.
enum Event {
    Alarm,
    Ended(Ended),
    Stored(Stored),
    Permit(OwnedSemaphorePermit),
}

impl Drive {
    pub(super) fn new(shared: Arc<Shared>, service: MessageService, batch: Batch, invocation: Invocation) -> Self {
        let deadline = Deadline::of(&invocation, &shared.seams.clock);
        let schedule = Schedule::new(plan(&batch, |index| sibling_key(&shared, &batch, index)));
        let (teller, ended) = mpsc::unbounded_channel();
        let mut drive = Self {
            shared,
            service,
            batch,
            invocation,
            deadline,
            phase: Phase::Open,
            alarm: None,
            schedule,
            flights: BTreeMap::new(),
            ended,
            teller,
            stored: FuturesUnordered::new(),
            acquiring: None,
            permit: None,
            nothing_to_do: 0,
            noted_receive_count: false,
        };
        drive.set_alarm();
        drive
    }

    pub(super) async fn run(mut self) -> Report {
        loop {
            self.look_at_the_clock();
            self.start_ready();
            if self.schedule.is_settled() || self.phase == Phase::Over {
                break;
            }
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Alarm => {}
                Event::Ended(ended) => self.on_ended(ended),
                Event::Stored(stored) => self.on_stored(stored),
                Event::Permit(permit) => self.permit = Some(permit),
            }
        }
        self.flights.clear();
        Report::new(self.batch, self.schedule.into_slots(), self.nothing_to_do)
    }

    /// The deadline comes first: no flood of other events can push it back.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(alarm) = &mut self.alarm
            && alarm.as_mut().poll(cx).is_ready()
        {
            self.alarm = None;
            return Poll::Ready(Event::Alarm);
        }
        if let Poll::Ready(Some(ended)) = self.ended.poll_recv(cx) {
            return Poll::Ready(Event::Ended(ended));
        }
        if let Poll::Ready(Some(stored)) = self.stored.poll_next_unpin(cx) {
            return Poll::Ready(Event::Stored(stored));
        }
        let Some(acquiring) = &mut self.acquiring else { return Poll::Pending };
        let acquired = ready!(acquiring.as_mut().poll(cx));
        self.acquiring = None;
        // The semaphore is never closed.
        acquired.map_or(Poll::Pending, |permit| Poll::Ready(Event::Permit(permit)))
    }

    // ---- time

    fn set_alarm(&mut self) {
        let clock = &self.shared.seams.clock;
        let end = self.deadline.and_then(|deadline| deadline.end_of(self.phase));
        self.alarm = end.map(|end| clock.sleep(end.saturating_sub(clock.monotonic())));
    }

    /// Enters the phase that the clock says, whether or not a timer was on time.
    fn look_at_the_clock(&mut self) {
        let Some(deadline) = self.deadline else { return };
        let phase = deadline.phase(self.shared.seams.clock.monotonic());
        if phase > self.phase {
            if self.phase < Phase::Stopped {
                self.stop();
            }
            if phase >= Phase::Abandoned && self.phase < Phase::Abandoned {
                self.abandon();
            }
            self.phase = phase;
            if phase == Phase::Over {
                self.cut();
            }
            self.set_alarm();
        } else if self.alarm.is_none() && self.phase != Phase::Over {
            // A timer that fired a moment early.
            self.set_alarm();
        }
    }

    /// Starts nothing more and tells what runs to stop.
    fn stop(&mut self) {
        (self.acquiring, self.permit) = (None, None);
        let flights = &self.flights;
        self.schedule.close(|index| flights.contains_key(&index));
        for flight in self.flights.values() {
            if let Stage::Running(running) = &flight.stage {
                running.abort.abort();
            }
        }
    }

    /// Leaves behind the handlers that did not yield: failed, and not released, for they may still be at it.
    fn abandon(&mut self) {
        let is_running = |flight: &Flight| matches!(flight.stage, Stage::Running(_));
        let running: Vec<_> = self.flights.iter().filter(|(_, flight)| is_running(flight)).map(|(i, _)| *i).collect();
        for index in running {
            tracing::error!(index, "a handler did not yield before the deadline and was left behind");
            self.note_run(index);
            self.land(index, retry(ReasonClass::Abandoned));
        }
    }

    /// Settles whatever waits for the store: the answer must go out.
    fn cut(&mut self) {
        for (index, flight) in std::mem::take(&mut self.flights) {
            let outcome = match flight.stage {
                Stage::Claiming(_) => retry(ReasonClass::ClaimUnknown),
                Stage::Running(_) => retry(ReasonClass::Abandoned),
                Stage::Settling { cut } => cut,
            };
            self.schedule.settle(index, outcome);
        }
        self.stored.clear();
    }

    // ---- start

    /// Takes as many ready records as there are permits, and hands all of them to the claim at once.
    ///
    /// What cannot start is settled here, which may make others ready: when this ends, nothing is ready that has a permit.
    fn start_ready(&mut self) {
        let idempotency = self.shared.idempotency.clone();
        let (mut indexes, mut requests) = (Vec::new(), Vec::new());
        while self.phase == Phase::Open && self.schedule.has_ready() {
            let Some(permit) = self.take_permit() else { break };
            let Some(index) = self.schedule.start_next() else { break };
            let Some(record) = self.admit(index) else { continue };
            let Some(idempotency) = &idempotency else {
                self.start(index, record, permit, None);
                continue;
            };
            match self.claim_request(idempotency, &record) {
                Ok(request) => {
                    indexes.push(index);
                    requests.push(request);
                    self.flights.insert(index, Flight { permit, stage: Stage::Claiming(record) });
                }
                Err(outcome) => self.schedule.settle(index, outcome),
            }
        }
        if let Some(idempotency) = idempotency.filter(|_| !requests.is_empty()) {
            self.stored
                .push(Box::pin(async move { Stored::Claimed(indexes, idempotency.store().claim(&requests).await) }));
        }
    }

    /// The record, if it is well-formed; else it is settled.
    fn admit(&mut self, index: usize) -> Option<Record> {
        match self.batch.checked_record(index, self.shared.checks) {
            Ok(record) => {
                self.note_receive_count(&record);
                Some(record)
            }
            Err(malformed) => {
                let reason = Reason::with_text(ReasonClass::Malformed, &malformed.to_string());
                // Damaged on the way: another receive may be whole. All else is as it was sent.
                let may_pass = malformed.is_digest_mismatch();
                self.schedule.settle(index, if may_pass { Outcome::Retry(reason) } else { Outcome::Rejected(reason) });
                None
            }
        }
    }

    /// A receive count that cannot be read is no mistake of the message, but whoever runs the queue should know: once.
    fn note_receive_count(&mut self, record: &Record) {
        if record.has_unreadable_receive_count() && !std::mem::replace(&mut self.noted_receive_count, true) {
            let message_id = &*record.display_id();
            tracing::warn!(
                message_id,
                "a receive count is no number: taken as unknown, the message may have come before"
            );
        }
    }

    fn take_permit(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Some(permit) = self.permit.take() {
            return Some(permit);
        }
        if self.acquiring.is_some() {
            return None;
        }
        let permits = &self.shared.permits;
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        self.acquiring = Some(Box::pin(Arc::clone(permits).acquire_owned()));
        None
    }

    fn claim_request(&self, idempotency: &Idempotency, record: &Record) -> Result<ClaimRequest, Outcome> {
        let clock = &self.shared.seams.clock;
        let key = idempotency.key_of(record).ok_or_else(|| retry(ReasonClass::MissingKey))?;
        let owner = Owner::draw(&*self.shared.seams.random)
            .map_err(|error| Outcome::Retry(Reason::with_text(ReasonClass::StoreUnavailable, &error.to_string())))?;
        Ok(ClaimRequest {
            key,
            owner,
            lease_expires_at_ms: idempotency.lease_expires_at_ms(clock, self.invocation.time_left()),
            expires_at_s: idempotency.expires_at_s(clock),
            payload_hash: PayloadHash::of(record.body().as_bytes()),
        })
    }

    fn start(&mut self, index: usize, record: Record, permit: OwnedSemaphorePermit, lease: Option<Lease>) {
        let progress = Arc::new(Progress::default());
        let delivery = Delivery::new(record, self.invocation.clone(), lease.clone(), Arc::clone(&progress));
        let (abort, stop) = AbortHandle::new_pair();
        let teller = Teller::new(index, self.teller.clone());
        let seams = &self.shared.seams;
        let running = Running { lease, progress, abort, started: seams.clock.monotonic() };
        self.flights.insert(index, Flight { permit, stage: Stage::Running(running) });
        seams.spawner.spawn(task::run(self.service.clone(), delivery, stop, teller));
    }

    // ---- end

    /// Takes everything that ended by now, so that their completions travel together.
    fn on_ended(&mut self, first: Ended) {
        let (mut completions, mut releases) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(Ended { index, how }) = next {
            self.ended_one(index, how, &mut completions, &mut releases);
            next = self.ended.try_recv().ok();
        }
        self.complete(completions);
        self.release(releases);
    }

    fn ended_one(
        &mut self,
        index: usize,
        how: How,
        completions: &mut Vec<(usize, Lease)>,
        releases: &mut Vec<(usize, Lease, Outcome)>,
    ) {
        // Of those that were left behind nobody waits for news.
        let Some((lease, was_dropped, runs)) = self.note_run(index) else { return };
        let outcome = self.outcome_of(how, runs);
        match lease {
            None => self.land(index, outcome),
            Some(lease) if outcome.is_success() => completions.push((index, lease)),
            // Its effects may still be landing: the lease runs out instead.
            Some(_) if was_dropped => self.land(index, outcome),
            // A rejection is released too: it could only be remembered for one version of the handler, and none is known.
            Some(lease) => releases.push((index, lease, outcome)),
        }
    }

    /// Notes what a run took; gives its lease, whether the handler was dropped in mid-run, and how often it was started.
    fn note_run(&mut self, index: usize) -> Option<(Option<Lease>, bool, u16)> {
        let Some(Flight { stage: Stage::Running(running), .. }) = self.flights.get(&index) else { return None };
        let (lease, runs) = (running.lease.clone(), running.progress.runs());
        let duration = self.shared.seams.clock.monotonic().saturating_sub(running.started);
        let was_dropped = running.progress.was_dropped();
        self.schedule.ran(index, runs, duration);
        Some((lease, was_dropped, runs))
    }

    fn outcome_of(&mut self, how: How, runs: u16) -> Outcome {
        match how {
            How::Returned(Ok(_)) => Outcome::Done,
            How::Returned(Err(error)) => match error.downcast_ref::<Panicked>() {
                Some(panicked) => Outcome::Retry(Reason::with_text(ReasonClass::Panic, &panicked.to_string())),
                None => {
                    let failure = Failure::from_layers(error);
                    self.nothing_to_do += usize::from(failure.is_nothing_to_do());
                    failure.outcome()
                }
            },
            How::Dropped if self.phase == Phase::Open => retry(ReasonClass::Cancelled),
            How::Dropped if runs == 0 => Outcome::NotStarted(Reason::new(ReasonClass::NoTime)),
            How::Dropped => retry(ReasonClass::Deadline),
        }
    }

    fn complete(&mut self, completions: Vec<(usize, Lease)>) {
        let Some(idempotency) = self.shared.idempotency.clone().filter(|_| !completions.is_empty()) else { return };
        for (index, _) in &completions {
            self.settling(*index, retry(ReasonClass::CommitUnknown));
        }
        let expires_at_s = idempotency.expires_at_s(&self.shared.seams.clock);
        self.stored.push(Box::pin(async move {
            let (indexes, leases): (Vec<_>, Vec<_>) = completions.into_iter().unzip();
            Stored::Completed(indexes, idempotency.store().complete(&leases, expires_at_s).await)
        }));
    }

    fn release(&mut self, releases: Vec<(usize, Lease, Outcome)>) {
        let Some(idempotency) = self.shared.idempotency.clone().filter(|_| !releases.is_empty()) else { return };
        for (index, _, outcome) in &releases {
            self.settling(*index, outcome.clone());
        }
        self.stored.push(Box::pin(async move {
            let (outcomes, leases): (Vec<_>, Vec<_>) = releases.into_iter().map(|(i, l, o)| ((i, o), l)).unzip();
            Stored::Released(outcomes, idempotency.store().release(&leases).await)
        }));
    }

    fn settling(&mut self, index: usize, cut: Outcome) {
        if let Some(flight) = self.flights.get_mut(&index) {
            flight.stage = Stage::Settling { cut };
        }
    }

    // ---- answers of the store

    fn on_stored(&mut self, stored: Stored) {
        match stored {
            Stored::Claimed(indexes, answers) => self.on_claimed(indexes, answers),
            Stored::Completed(indexes, answers) => {
                for (index, answer) in answered(indexes, answers) {
                    self.land(index, completed(answer));
                }
            }
            Stored::Released(outcomes, answers) => {
                for ((index, outcome), answer) in answered(outcomes, answers) {
                    if let Some(HeldAnswer::Unknown(error)) = answer {
                        tracing::warn!(index, %error, "a claim could not be released; it runs out with its lease");
                    }
                    self.land(index, outcome);
                }
            }
        }
    }

    fn on_claimed(&mut self, indexes: Vec<usize>, answers: Vec<ClaimAnswer>) {
        // A claim may take long: what is granted after the time to start is given back.
        self.look_at_the_clock();
        let mut unstarted = Vec::new();
        for (index, answer) in answered(indexes, answers) {
            match answer {
                Some(ClaimAnswer::Acquired(lease)) if self.phase == Phase::Open => self.start_claimed(index, lease),
                Some(ClaimAnswer::Acquired(lease)) => {
                    unstarted.push((index, lease, Outcome::NotStarted(Reason::new(ReasonClass::NoTime))));
                }
                refused => self.land(index, not_claimed(refused)),
            }
        }
        self.release(unstarted);
    }

    fn start_claimed(&mut self, index: usize, lease: Lease) {
        if let Some(Flight { permit, stage: Stage::Claiming(record) }) = self.flights.remove(&index) {
            self.start(index, record, permit, Some(lease));
        }
    }

    /// The record's outcome is known: its permit is free.
    fn land(&mut self, index: usize, outcome: Outcome) {
        if self.flights.remove(&index).is_some() {
            self.schedule.settle(index, outcome);
        }
    }
}

/// The key by which this record may be the same work as another message; `None` if keys are message ids.
fn sibling_key(shared: &Shared, batch: &Batch, index: usize) -> Option<crate::claim::IdempotencyKey> {
    let idempotency = shared.idempotency.as_ref().filter(|idempotency| !idempotency.is_keyed_by_message_id())?;
    idempotency.key_of(&batch.record(index).ok()?)
}

fn retry(class: ReasonClass) -> Outcome {
    Outcome::Retry(Reason::new(class))
}

fn with_error(class: ReasonClass, error: &StoreError) -> Outcome {
    Outcome::Retry(Reason::with_text(class, &error.to_string()))
}

/// Pairs each element with its answer; an answer that is missing is `None`, an unknown.
fn answered<T, A>(asked: Vec<T>, answers: Vec<A>) -> impl Iterator<Item = (T, Option<A>)> {
    asked.into_iter().zip(answers.into_iter().map(Some).chain(std::iter::repeat_with(|| None)))
}

fn not_claimed(answer: Option<ClaimAnswer>) -> Outcome {
    match answer {
        Some(ClaimAnswer::Completed) => Outcome::AlreadyDone,
        Some(ClaimAnswer::InProgress { .. }) => Outcome::InProgressElsewhere,
        Some(ClaimAnswer::KeyConflict) => Outcome::Rejected(Reason::new(ReasonClass::KeyConflict)),
        Some(ClaimAnswer::Corrupt) => retry(ReasonClass::StoreCorrupt),
        Some(ClaimAnswer::Unavailable(error)) => with_error(ReasonClass::StoreUnavailable, &error),
        Some(ClaimAnswer::Unknown(error)) => with_error(ReasonClass::ClaimUnknown, &error),
        Some(ClaimAnswer::Acquired(_)) | None => retry(ReasonClass::ClaimUnknown),
    }
}

fn completed(answer: Option<CompleteAnswer>) -> Outcome {
    match answer {
        Some(CompleteAnswer::Committed) => Outcome::Done,
        Some(CompleteAnswer::CompletedElsewhere) => Outcome::AlreadyDone,
        Some(CompleteAnswer::LeaseLost) => retry(ReasonClass::LeaseLost),
        Some(CompleteAnswer::Unknown(error)) => with_error(ReasonClass::CommitUnknown, &error),
        None => retry(ReasonClass::CommitUnknown),
    }
}
