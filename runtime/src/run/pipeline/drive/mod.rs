//! The loop over one batch.
//!
//! One task of ours drives the batch: it hands ready records to the claim, starts the task of each that was granted, hears
//! how they end, and settles them. What is pending at the same moment goes to the store together. Requests to the store
//! belong to the batch: stopping one record's handler takes no other record's write along.

mod answers;
mod claim;
mod end;
mod gather;
mod kept;
mod letters;
mod start;
mod store;
mod suspects;
mod tell;
mod time;
mod wait;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, mpsc};

use super::{
    Report, Shared,
    deadline::{Deadline, Phase},
    flight::Flight,
    isolation::{InFlight, Room},
    kept::{Kept, Order, Permit},
    plan::plan,
    report::Counts,
    schedule::Schedule,
    task::{Ended, Task},
};
use crate::{
    batch::{Batch, Record},
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, Grant, HeldAnswer, Idempotency, IdempotencyKey, Identity, KeyError,
        Look, TransactAnswer,
    },
    handler::Invocation,
    layer::Panicked,
    outcome::{Outcome, Reason, ReasonClass},
    queue::EntryAnswer,
};

#[cfg(feature = "worker")]
pub(crate) use self::answers::answered;
use self::{gather::Gathered, kept::Keeping, suspects::Suspects};

type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

/// A batch while it runs.
pub(super) struct Drive {
    shared: Arc<Shared>,
    batch: Batch,
    invocation: Invocation,
    deadline: Option<Deadline>,
    phase: Phase,
    alarm: Option<BoxFuture<'static, ()>>,
    schedule: Schedule,
    /// By place in the batch; at most as many as there are permits.
    flights: BTreeMap<usize, Flight>,
    /// Tasks that start together.
    starting: Vec<Task>,
    ended: mpsc::UnboundedReceiver<Ended>,
    teller: mpsc::UnboundedSender<Ended>,
    stored: FuturesUnordered<BoxFuture<'static, Stored>>,
    /// Waiting in line for a permit, where other batches hold them all.
    acquiring: Option<Acquiring>,
    permit: Option<Permit>,
    gathered: Gathered,
    counts: Counts,
    noted_receive_count: bool,
    /// Messages that are about to go to the dead-letter queue, with what became of them.
    letters: Vec<(usize, Outcome)>,
    began: Duration,
    /// Records that waited for the end of another attempt's lease.
    waited: BTreeSet<usize>,
    suspects: Suspects,
    /// Counts those that have their outcome until the worker heard of it.
    landed: Vec<InFlight>,
    /// Where the next of them may run alone.
    room: Option<Room>,
    /// Somebody waits for that.
    is_entering: bool,
    /// Records that were deleted from their queue here.
    deleted: BTreeSet<usize>,
    /// Some of them are being deleted: suspects wait for that.
    is_deleting: bool,
    /// The worker that looks after the messages; none on Lambda.
    keeping: Option<Box<Keeping>>,
}

/// What the store answered, with the places of the records that asked.
enum Stored {
    /// What the store answered, and how long it took.
    Asked(Box<Stored>, Duration),
    /// Read before they are claimed; where that told nothing, the request is what comes next.
    Looked(Vec<(usize, ClaimRequest)>, Vec<Look>),
    Claimed(Vec<(usize, IdempotencyKey)>, Vec<ClaimAnswer>),
    Completed(Vec<usize>, Vec<CompleteAnswer>),
    /// Recorded together with the handler's writes, or not at all.
    Transacted(usize, Grant, Option<TransactAnswer>),
    /// Released or remembered as rejected, with the outcomes that were decided before: the answer changes none of them.
    GivenUp(Vec<(usize, Outcome)>, Vec<HeldAnswer>),
    /// Stopped, with the outcomes that were decided before; their leases stay.
    Cancelled(Vec<(usize, Outcome)>),
    /// Copied to the dead-letter queue, or not.
    Sent(Vec<(usize, Outcome)>, Vec<EntryAnswer>),
    /// The lease of another attempt that was nearly over is over.
    Waited(usize),
    /// What was done is deleted, or was to be.
    Alone(Vec<usize>, Vec<EntryAnswer>),
    /// A suspect may run with nothing else in flight.
    Entered(Room),
    /// A handler that was told to stop had its time to do so.
    Unyielding(usize),
}

/// What wakes the loop, in the order in which it is looked at.
enum Event {
    Alarm,
    /// Of the worker; `None` once it is gone.
    Order(Option<Order>),
    Ended(Ended),
    Stored(Stored),
    Permit(OwnedSemaphorePermit),
    /// Successes have waited long enough for company.
    Gathered,
}

impl Drive {
    pub(super) fn new(shared: Arc<Shared>, batch: Batch, invocation: Invocation, mut kept: Option<Kept>) -> Self {
        let slips = shared.seams.slips;
        let deadline = Deadline::of(&invocation, &shared.seams.clock).filter(|_| !slips.no_deadline_guard);
        let links = plan(&batch, shared.idempotency.is_some(), |index| sibling_key(&shared, &batch, index));
        let schedule = Schedule::new(links, slips, |index| batch.receive_count(index) != Some(1));
        let (teller, ended) = mpsc::unbounded_channel();
        let began = kept.as_ref().map_or_else(|| shared.seams.clock.monotonic(), |kept| kept.received);
        let landed = kept.as_mut().and_then(|kept| kept.arriving.take()).into_iter().collect();
        let keeping = kept.map(|kept| Box::new(Keeping::new(kept, batch.len())));
        let mut drive = Self {
            shared,
            batch,
            invocation,
            deadline,
            phase: Phase::Open,
            alarm: None,
            schedule,
            flights: BTreeMap::new(),
            starting: Vec::new(),
            ended,
            teller,
            stored: FuturesUnordered::new(),
            acquiring: None,
            permit: None,
            gathered: Gathered::default(),
            counts: Counts::default(),
            noted_receive_count: false,
            letters: Vec::new(),
            began,
            waited: BTreeSet::new(),
            suspects: Suspects::default(),
            landed,
            room: None,
            is_entering: false,
            deleted: BTreeSet::new(),
            is_deleting: false,
            keeping,
        };
        drive.set_alarm();
        drive
    }

    pub(super) async fn run(mut self) -> Report {
        loop {
            self.look_at_the_clock();
            let unsettled = self.schedule.unsettled();
            self.start_ready();
            self.start_suspect();
            self.spawn_tasks();
            self.send_letters();
            self.hand_over();
            if self.schedule.is_settled() || self.phase == Phase::Over {
                break;
            }
            // What was settled without a question may have made others ready, and no event will tell.
            if self.schedule.unsettled() < unsettled {
                continue;
            }
            if self.is_stuck() {
                tracing::error!("a batch came to a halt; what is not settled is reported as failed");
                break;
            }
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Alarm => {}
                Event::Order(order) => self.on_order(order),
                Event::Ended(ended) => self.on_ended(ended),
                Event::Stored(stored) => self.on_stored(stored),
                Event::Permit(permit) => self.permit = Some(Permit::of_process(permit)),
                Event::Gathered => self.send_gathered(),
            }
            self.spawn_tasks();
        }
        self.flights.clear();
        if self.keeping.is_some() {
            self.hand_the_rest_over();
        } else {
            self.tell_the_queue().await;
        }
        let acknowledges = self.shared.queue.as_ref().is_some_and(|queue| queue.acknowledges);
        let took = self.shared.seams.clock.monotonic().saturating_sub(self.began);
        Report::new(self.batch, self.schedule.into_slots(), self.counts, acknowledges, took)
    }

    /// Whether records wait although nothing is in flight that could free them. The plan makes that impossible; were it wrong,
    /// the batch must end all the same.
    fn is_stuck(&self) -> bool {
        self.flights.is_empty() && !self.schedule.has_ready() && self.suspects.is_empty()
    }

    /// The deadline comes first: no flood of other events can push it back.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(alarm) = &mut self.alarm
            && alarm.as_mut().poll(cx).is_ready()
        {
            self.alarm = None;
            return Poll::Ready(Event::Alarm);
        }
        if let Some(keeping) = &mut self.keeping
            && let Poll::Ready(order) = keeping.poll_order(cx)
        {
            return Poll::Ready(Event::Order(order));
        }
        if let Poll::Ready(Some(ended)) = self.ended.poll_recv(cx) {
            return Poll::Ready(Event::Ended(ended));
        }
        if let Poll::Ready(Some(stored)) = self.stored.poll_next_unpin(cx) {
            return Poll::Ready(Event::Stored(stored));
        }
        if let Some(alarm) = &mut self.gathered.alarm
            && alarm.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Event::Gathered);
        }
        let Some(acquiring) = &mut self.acquiring else { return Poll::Pending };
        let acquired = ready!(acquiring.as_mut().poll(cx));
        self.acquiring = None;
        // The semaphore is never closed.
        acquired.map_or(Poll::Pending, |permit| Poll::Ready(Event::Permit(permit)))
    }
}

/// The key by which this record may be the same work as another message; `None` if keys are message ids.
fn sibling_key(shared: &Shared, batch: &Batch, index: usize) -> Option<IdempotencyKey> {
    let idempotency = shared.idempotency.as_ref().filter(|idempotency| !idempotency.is_keyed_by_message_id())?;
    identify(idempotency, &batch.record(index).ok()?).ok().map(|identity| identity.key)
}

/// The record's key and payload hash, or the outcome of a record without a key. A function that takes a key is the user's,
/// and may panic.
fn identify(idempotency: &Idempotency, record: &Record) -> Result<Identity, Outcome> {
    match catch_unwind(AssertUnwindSafe(|| idempotency.identify(record))) {
        Ok(identity) => identity.map_err(|error| Outcome::Rejected(no_key(error))),
        Err(panic) => {
            let text = format!("its function panicked: {}", Panicked::new(panic));
            Err(Outcome::Retry(Reason::with_text(ReasonClass::NoKey, &text)))
        }
    }
}

fn no_key(error: KeyError) -> Reason {
    match error {
        KeyError::Closed(reason) => reason,
        error => Reason::with_text(ReasonClass::NoKey, &error.to_string()),
    }
}

/// A retry for that reason.
fn retry(class: ReasonClass) -> Outcome {
    Outcome::Retry(Reason::new(class))
}
