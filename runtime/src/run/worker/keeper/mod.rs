//! Looks after everything that was received, and is the only one that speaks to SQS about it.
//!
//! So nothing that is said about a receipt overtakes anything else: a beat that is under way is answered before the message is hidden for
//! its backoff or deleted, and once a message is lost nothing is said about it at all.

mod ask;
mod beat;
mod done;
mod flush;
mod keeping;
mod receipt;
mod saying;

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::{Notify, mpsc, oneshot};

pub(super) use self::done::DoneButNotDeleted;
use self::{
    beat::Beaten,
    flush::{Deletion, Outbox},
    receipt::{Key, Receipt},
};
use super::{Common, stop::Stage, throttle::Throttle};
use crate::{
    batch::Batch,
    clock::epoch_ms,
    outcome::{Outcome, ReasonClass},
    queue::{EntryAnswer, VisibilityChange},
    run::pipeline::{Hold, Order, Settled, Told, Verdict, What},
};

/// What of the drain is left for the last calls when the batches have to be over: a fifth, and no more than that.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// Messages that were received together.
pub(super) struct Taken {
    pub(super) receive: u64,
    batch: Batch,
    received: Duration,
    visibility_timeout: Duration,
    fate: Fate,
}

/// What is to become of them.
pub(super) enum Fate {
    Run {
        orders: mpsc::UnboundedSender<Order>,
        holds: Arc<[Hold]>,
    },
    /// They are done: they only have to be deleted.
    Done,
    /// The worker stops.
    GivenBack,
}

impl Taken {
    pub(super) fn new(
        receive: u64,
        batch: Batch,
        received: Duration,
        visibility_timeout: Duration,
        fate: Fate,
    ) -> Self {
        Self { receive, batch, received, visibility_timeout, fate }
    }
}

/// What SQS answered.
enum Said {
    Beaten(Vec<Beaten>),
    Deleted(Vec<Deletion>, Vec<EntryAnswer>),
    /// So many that were to be hidden, and what came of that.
    Hidden(usize, Vec<EntryAnswer>),
}

enum Event {
    Taken(Taken),
    Told(Told),
    Said(Said),
    Alarm,
    Withheld,
    Stopping,
    LanesOver,
}

/// Keeps messages hidden, deletes them and gives them back.
pub(super) struct Keeper {
    common: Arc<Common>,
    taken: mpsc::UnboundedReceiver<Taken>,
    told: mpsc::UnboundedReceiver<Told>,
    batches: BTreeMap<u64, mpsc::UnboundedSender<Order>>,
    receipts: BTreeMap<Key, Receipt>,
    /// Those that were told to stop because they took too long, and when.
    overdue: BTreeMap<Key, Duration>,
    outbox: Outbox,
    /// To be told when nothing waits to be said.
    hurried: Vec<oneshot::Sender<()>>,
    throttle: Option<Throttle>,
    calls: FuturesUnordered<BoxFuture<'static, Said>>,
    /// About how many settled messages calls are under way.
    asked: usize,
    /// When the receipts are to be looked at.
    look_at: Duration,
    alarm: Option<(Duration, BoxFuture<'static, ()>)>,
    stopping: Option<BoxFuture<'static, ()>>,
    lanes_over: Arc<Notify>,
    are_lanes_over: Option<BoxFuture<'static, ()>>,
}

impl Keeper {
    pub(super) fn new(
        common: Arc<Common>,
        taken: mpsc::UnboundedReceiver<Taken>,
        told: mpsc::UnboundedReceiver<Told>,
    ) -> Self {
        let stop = common.stop.clone();
        let pipeline = &common.pipeline;
        let throttle = |least| Throttle::new(least, pipeline.concurrency(), Arc::clone(pipeline.permits()));
        let throttle = common.least_concurrency.map(throttle);
        let lanes_over = Arc::new(Notify::new());
        let are_lanes_over = Arc::clone(&lanes_over);
        Self {
            common,
            taken,
            told,
            batches: BTreeMap::new(),
            receipts: BTreeMap::new(),
            overdue: BTreeMap::new(),
            outbox: Outbox::default(),
            hurried: Vec::new(),
            throttle,
            calls: FuturesUnordered::new(),
            asked: 0,
            look_at: Duration::MAX,
            alarm: None,
            stopping: Some(Box::pin(async move { stop.stopped().await })),
            lanes_over,
            are_lanes_over: Some(Box::pin(async move { are_lanes_over.notified().await })),
        }
    }

    /// To be told when no lane receives any more.
    pub(super) fn lanes_are_over(&self) -> Arc<Notify> {
        Arc::clone(&self.lanes_over)
    }

    /// Looks after messages until the lanes are over and nothing is left, or the time to stop is.
    pub(super) async fn run(mut self) {
        loop {
            let now = self.now();
            if self.look_at <= now {
                self.look_after(now);
            }
            self.say_what_is_due(now);
            self.tell_the_hurried();
            self.note_what_is_in_hand();
            if self.is_over(now) {
                break;
            }
            self.set_alarm(now);
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Taken(taken) => self.on_taken(taken),
                Event::Told(told) => self.on_told(told),
                Event::Said(said) => self.on_said(said),
                Event::Stopping => self.on_stopping(),
                Event::Alarm | Event::Withheld | Event::LanesOver => {}
            }
        }
    }

    fn now(&self) -> Duration {
        self.common.seams.clock.monotonic()
    }

    fn is_over(&self, now: Duration) -> bool {
        if self.drain_end().is_some_and(|end| end <= now) {
            tracing::warn!(
                inHand = self.receipts.len(),
                "the time to stop is over; what is still in hand comes back when its visibility timeout ends"
            );
            return true;
        }
        self.are_lanes_over.is_none() && self.has_nothing()
    }

    fn drain_end(&self) -> Option<Duration> {
        match self.common.stop.stage() {
            Stage::Draining(since) => Some(since + self.common.drain),
            Stage::Running | Stage::Ended => None,
        }
    }

    fn note_what_is_in_hand(&self) {
        let oldest = self.receipts.values().next().map(Receipt::received);
        self.common.stats.has_in_hand(self.receipts.len(), oldest, self.overdue.values().min().copied());
        self.common.is_idle.store(self.has_nothing(), Ordering::Relaxed);
        let untold = self.outbox.len() + self.asked;
        self.common.untold.send_if_modified(|before| std::mem::replace(before, untold) != untold);
    }

    fn has_nothing(&self) -> bool {
        self.batches.is_empty() && self.outbox.is_empty() && self.calls.is_empty()
    }

    /// What was taken comes before what is told of it.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(stopping) = &mut self.stopping
            && stopping.poll_unpin(cx).is_ready()
        {
            self.stopping = None;
            return Poll::Ready(Event::Stopping);
        }
        if let Poll::Ready(Some(taken)) = self.taken.poll_recv(cx) {
            return Poll::Ready(Event::Taken(taken));
        }
        if let Poll::Ready(Some(told)) = self.told.poll_recv(cx) {
            return Poll::Ready(Event::Told(told));
        }
        if let Poll::Ready(Some(said)) = self.calls.poll_next_unpin(cx) {
            return Poll::Ready(Event::Said(said));
        }
        if let Some(throttle) = &mut self.throttle
            && throttle.poll_withheld(cx).is_ready()
        {
            return Poll::Ready(Event::Withheld);
        }
        if let Some(over) = &mut self.are_lanes_over
            && over.poll_unpin(cx).is_ready()
        {
            self.are_lanes_over = None;
            return Poll::Ready(Event::LanesOver);
        }
        if let Some((_, alarm)) = &mut self.alarm
            && alarm.poll_unpin(cx).is_ready()
        {
            self.alarm = None;
            return Poll::Ready(Event::Alarm);
        }
        Poll::Pending
    }

    fn set_alarm(&mut self, now: Duration) {
        let moments = [Some(self.look_at), self.outbox.due(), self.drain_end()];
        let Some(next) = moments.into_iter().flatten().min().filter(|next| *next < Duration::MAX) else { return };
        if self.alarm.as_ref().is_none_or(|(at, _)| *at > next) {
            self.alarm = Some((next, self.common.seams.clock.sleep(next.saturating_sub(now))));
        }
    }

    fn on_taken(&mut self, taken: Taken) {
        let (now, Taken { receive, batch, received, visibility_timeout, fate }) = (self.now(), taken);
        let records = (0..batch.len()).filter_map(|index| batch.receipt(index));
        match fate {
            Fate::Done => records.for_each(|record| self.outbox.delete(record, now)),
            Fate::GivenBack if self.common.seams.slips.keeps_the_unstarted => {}
            Fate::GivenBack => {
                let give_back = |record| VisibilityChange { record, timeout: Duration::ZERO };
                records.map(give_back).for_each(|change| self.outbox.hide(change, now));
            }
            Fate::Run { orders, holds } => {
                for record in records {
                    let key = (receive, record.index());
                    let receipt = Receipt::new(record, Arc::clone(&holds), received, visibility_timeout);
                    self.receipts.insert(key, receipt);
                }
                self.look_at = self.look_at.min(received + visibility_timeout / 2);
                self.drain(&orders);
                self.batches.insert(receive, orders);
            }
        }
    }

    fn on_told(&mut self, Told { receive, what }: Told) {
        match what {
            What::Started(index, lease) => {
                let (now, wall_ms) = (self.now(), epoch_ms(self.common.seams.clock.wall()));
                if let Some(receipt) = self.receipts.get_mut(&(receive, index)) {
                    receipt.starts(lease, now, wall_ms);
                    self.look_at = self.look_at.min(receipt.next_look(self.common.max_duration));
                }
            }
            What::Settled(index, settled) => self.on_settled((receive, index), settled),
            What::Alone(tell) => self.hurried.push(tell),
            What::Over => drop(self.batches.remove(&receive)),
        }
    }

    fn on_settled(&mut self, key: Key, settled: Settled) {
        if is_given_back(&settled) {
            self.common.stats.given_back(1);
        } else {
            self.common.stats.settled(&settled);
        }
        self.note_run(&settled);
        let Some(receipt) = self.receipts.get_mut(&key) else { return };
        if let Some(witness) = &self.common.seams.witness {
            witness(&receipt.record, &settled.outcome);
        }
        receipt.settled = Some(settled);
        if !receipt.is_busy || self.common.seams.slips.speaks_over_a_beat {
            self.conclude(key);
        }
    }

    /// Tells the limit what a run took and came to.
    fn note_run(&mut self, settled: &Settled) {
        let Some(throttle) = self.throttle.as_mut().filter(|_| settled.runs > 0) else { return };
        let failed = matches!(settled.outcome, Outcome::Retry(_));
        if let Some(limit) = throttle.ran(settled.took, failed) {
            self.common.stats.is_limited_to(limit);
            tracing::debug!(limit, "as many messages may run at a time now");
        }
    }

    /// Everything about the receipt is known, and no call about it is under way.
    fn conclude(&mut self, key: Key) {
        let now = self.now();
        self.overdue.remove(&key);
        let Some(Receipt { record, lost, settled: Some(settled), .. }) = self.receipts.remove(&key) else { return };
        let slips = self.common.seams.slips;
        let lost = lost.filter(|_| !slips.speaks_for_the_lost);
        match settled.verdict {
            Verdict::Hide(_) if slips.keeps_the_unstarted && is_given_back(&settled) => {}
            // It is done and may be received by somebody else: here, it is not run again.
            Verdict::Delete if lost.is_some() => self.common.done.add(record.message_id()),
            _ if lost.is_some() => {}
            Verdict::Delete => self.outbox.delete(record, now),
            Verdict::Hide(timeout) => self.outbox.hide(VisibilityChange { record, timeout }, now),
            Verdict::Leave => {}
        }
    }

    fn on_stopping(&mut self) {
        self.batches.values().for_each(|orders| self.drain(orders));
    }

    /// Orders a batch to end, where the worker stops.
    fn drain(&self, orders: &mpsc::UnboundedSender<Order>) {
        if let Stage::Draining(since) = self.common.stop.stage() {
            let drain = self.common.drain;
            let _ = orders.send(Order::Drain(since + drain.saturating_sub((drain / 5).min(LAST_CALLS))));
        }
    }
}

fn is_given_back(settled: &Settled) -> bool {
    settled.outcome.reason().is_some_and(|reason| reason.class() == ReasonClass::Draining)
}
