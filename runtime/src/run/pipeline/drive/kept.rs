//! What a batch tells the worker that keeps it, and what it is ordered.

use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::future::select;
use tokio::sync::oneshot;

use super::{Drive, Stored, retry};
use crate::{
    claim::{Idempotency, Lease, protocol::claim::SKEW_MS},
    clock::{SharedClock, epoch_ms},
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::Deadline,
        flight::Stage,
        isolation::{Isolation, Room},
        kept::{Kept, Order, Settled, Told, Verdict, What},
        schedule::Slot,
    },
};

/// How long a handler that was told to stop may take before it is left behind, and SQS before nobody waits for it.
const GRACE: Duration = Duration::from_secs(5);

/// The least that a lease has to have before it is worth a claim.
const LEAST_LEASE: Duration = Duration::from_secs(1);

/// A batch's worker, and what it said.
pub(super) struct Keeping {
    pub(super) kept: Kept,
    /// Records that must not run, and why.
    stopped: BTreeMap<usize, ReasonClass>,
    /// By place: whether the worker has heard the record's outcome.
    handed_over: Vec<bool>,
    is_draining: bool,
    /// The worker is gone.
    is_forlorn: bool,
}

impl Keeping {
    pub(super) fn new(kept: Kept, records: usize) -> Self {
        Self {
            kept,
            stopped: BTreeMap::new(),
            handed_over: vec![false; records],
            is_draining: false,
            is_forlorn: false,
        }
    }

    /// The next order; `None`, once, where the worker is gone.
    pub(super) fn poll_order(&mut self, cx: &mut Context<'_>) -> Poll<Option<Order>> {
        if self.is_forlorn {
            return Poll::Pending;
        }
        let order = ready!(self.kept.orders.poll_recv(cx));
        self.is_forlorn = order.is_none();
        Poll::Ready(order)
    }

    /// Where one message runs alone, once SQS knows of all that is settled: what ends the process must not bring back what is done.
    pub(super) fn enter(
        &self,
        isolation: Arc<Isolation>,
        unheard: u32,
        clock: SharedClock,
    ) -> impl Future<Output = Room> + use<> {
        let (told, receive) = (self.kept.told.clone(), self.kept.receive);
        async move {
            let room = isolation.enter(unheard, clock.clone()).await;
            let (tell, heard) = oneshot::channel();
            let _ = told.send(Told { receive, what: What::Alone(tell) });
            select(heard, clock.sleep(GRACE)).await;
            room
        }
    }

    fn tell(&self, what: What) {
        // A worker that is gone was told to end at once.
        let _ = self.kept.told.send(Told { receive: self.kept.receive, what });
    }
}

impl Drive {
    pub(super) fn on_order(&mut self, order: Option<Order>) {
        match order {
            Some(Order::Stop(index, class)) => self.stop_one(index, class),
            Some(Order::Drain(until)) => self.drain(until),
            // The worker is gone: nothing more starts, and what runs is dropped.
            None => self.drain(self.shared.seams.clock.monotonic()),
        }
    }

    fn stop_one(&mut self, index: usize, class: ReasonClass) {
        let Some(keeping) = &mut self.keeping else { return };
        keeping.stopped.entry(index).or_insert(class);
        let Some(Stage::Running(running)) = self.flights.get(&index).map(|flight| &flight.stage) else { return };
        running.stop();
        let grace = self.shared.seams.clock.sleep(GRACE);
        self.stored.push(Box::pin(async move {
            grace.await;
            Stored::Unyielding(index)
        }));
    }

    /// Why a record must not run.
    pub(super) fn stopped(&self, index: usize) -> Option<ReasonClass> {
        self.stopped_running(index).or_else(|| self.is_draining().then_some(ReasonClass::Draining))
    }

    /// Why a record that runs was told to stop.
    pub(super) fn stopped_running(&self, index: usize) -> Option<ReasonClass> {
        self.keeping.as_ref().and_then(|keeping| keeping.stopped.get(&index).copied())
    }

    fn is_draining(&self) -> bool {
        self.keeping.as_ref().is_some_and(|keeping| keeping.is_draining)
    }

    fn drain(&mut self, until: Duration) {
        let Some(keeping) = &mut self.keeping else { return };
        keeping.is_draining = true;
        self.deadline = Some(Deadline::at(until, self.shared.seams.clock.monotonic()));
        self.start_nothing_more(ReasonClass::Draining);
        self.set_alarm();
    }

    /// When a claim for the record shall end, milliseconds since 1970. A worker's ends before others may receive the message, by twice
    /// the skew that clocks may have.
    pub(super) fn lease_end_ms(&self, index: usize, idempotency: &Idempotency) -> Result<u64, Outcome> {
        let Some(keeping) = &self.keeping else {
            return Ok(idempotency.lease_expires_at_ms(self.invocation.time_left()));
        };
        let clock = &self.shared.seams.clock;
        let hold = keeping.kept.holds.get(index);
        let hidden = hold.map_or(Duration::ZERO, |hold| hold.visible().saturating_sub(clock.monotonic()));
        let lease = hidden.saturating_sub(Duration::from_millis(2 * SKEW_MS));
        if lease < LEAST_LEASE {
            return Err(Outcome::NotStarted(Reason::new(ReasonClass::ReceiptLost)));
        }
        Ok(epoch_ms(clock.wall()).saturating_add(u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Until when a lease that ends then may be renewed: a row must not be over before. A worker renews for as long as SQS hides a
    /// message, on Lambda nobody does.
    pub(super) fn renewed_until_ms(&self, lease_end_ms: u64) -> u64 {
        const LONGEST_MS: u64 = 12 * 3_600 * 1_000;
        if self.keeping.is_some() { lease_end_ms.saturating_add(LONGEST_MS) } else { lease_end_ms }
    }

    /// Why a record does not start under that lease: another may have taken it over. On Lambda no lease ends before the invocation does.
    pub(super) fn is_over(&self, lease: &Lease) -> Option<ReasonClass> {
        let is_over = lease.expires_at_ms() <= epoch_ms(self.shared.seams.clock.wall());
        (self.keeping.is_some() && is_over).then_some(ReasonClass::LeaseLost)
    }

    /// The end of the record's lease as renewals may have moved it.
    pub(super) fn held_until_ms(&self, index: usize, slot: &Slot) -> Option<u64> {
        let hold = self.keeping.as_ref().and_then(|keeping| keeping.kept.holds.get(index));
        let renewed_ms = hold.map_or(0, |hold| hold.lease_end_ms());
        (slot.held_until_ms > 0).then_some(slot.held_until_ms.max(renewed_ms))
    }

    pub(super) fn tell_start(&self, index: usize, lease: Option<&Lease>) {
        if let Some(keeping) = &self.keeping {
            keeping.tell(What::Started(index, lease.cloned()));
        }
    }

    /// Tells the worker of the records that have their outcome by now.
    pub(super) fn hand_over(&mut self) {
        let Some(keeping) = &self.keeping else { return };
        let new = |(index, slot): &(usize, &Slot)| {
            slot.outcome.is_some() && keeping.handed_over.get(*index).is_some_and(|is_over| !is_over)
        };
        let settled: Vec<_> =
            self.schedule.slots().enumerate().filter(new).map(|(index, slot)| (index, slot.clone())).collect();
        for (index, slot) in settled {
            self.hand_one_over(index, &slot);
        }
        // The worker hears of a message before it counts as gone.
        self.landed.clear();
    }

    fn hand_one_over(&mut self, index: usize, slot: &Slot) {
        let (verdict, outcome) = (self.verdict(index, slot), slot.outcome.clone());
        let Some((keeping, outcome)) = self.keeping.as_mut().zip(outcome) else { return };
        if let Some(is_over) = keeping.handed_over.get_mut(index) {
            *is_over = true;
        }
        let settled = Settled { outcome, verdict, took: slot.duration(), runs: slot.runs };
        keeping.tell(What::Settled(index, settled));
    }

    fn verdict(&self, index: usize, slot: &Slot) -> Verdict {
        let is_done = slot.outcome.as_ref().is_some_and(Outcome::is_success);
        if is_done || self.shared.seams.slips.failures_acknowledged {
            return Verdict::Delete;
        }
        let queue = self.shared.queue.as_ref();
        queue
            .and_then(|queue| self.change(index, slot, queue))
            .map_or(Verdict::Leave, |change| Verdict::Hide(change.timeout))
    }

    /// Tells the worker of the rest, failed as far as anybody knows, and that nothing runs any more.
    pub(super) fn hand_the_rest_over(&mut self) {
        self.hand_over();
        let Some(keeping) = &self.keeping else { return };
        let open: Vec<_> =
            keeping.handed_over.iter().enumerate().filter(|(_, is_over)| !**is_over).map(|(i, _)| i).collect();
        for index in open {
            let mut slot = self.schedule.slots().nth(index).cloned().unwrap_or_default();
            slot.outcome = Some(retry(ReasonClass::Cancelled));
            self.hand_one_over(index, &slot);
        }
        if let Some(keeping) = &self.keeping {
            keeping.tell(What::Over);
        }
    }
}
