//! A batch that a worker keeps: it took the permits before the messages were received, it keeps them hidden while they run, deletes
//! them and gives them back, each as soon as it can.
//!
//! The batch tells it what becomes of each record, and gets orders.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::isolation::{InFlight, Room};
use crate::{
    batch::Record,
    claim::Lease,
    outcome::{Outcome, ReasonClass},
};

/// The worker's side of a batch, as the batch sees it.
pub(crate) struct Kept {
    /// Names the receive in what is told.
    pub(crate) receive: u64,
    /// Just before the receive was asked for, on the monotonic clock.
    pub(crate) received: Duration,
    pub(crate) permits: Permits,
    /// One for each record.
    pub(crate) holds: Arc<[Hold]>,
    /// Counts the batch until its records are counted.
    pub(crate) arriving: Option<InFlight>,
    pub(crate) told: mpsc::UnboundedSender<Told>,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
}

/// The right to run one message.
pub(crate) struct Permit {
    process: OwnedSemaphorePermit,
    /// Of those that its queue has.
    queue: Option<OwnedSemaphorePermit>,
    /// What other batches of a worker are to know of it.
    pub(super) counted: Option<InFlight>,
    /// Where it runs alone.
    pub(super) room: Option<Room>,
}

impl Permit {
    /// One of those that all batches of the process share.
    pub(super) fn of_process(process: OwnedSemaphorePermit) -> Self {
        Self { process, queue: None, counted: None, room: None }
    }
}

/// Permits that were taken together.
pub(crate) struct Permits {
    pub(crate) process: OwnedSemaphorePermit,
    pub(crate) queue: OwnedSemaphorePermit,
}

impl Permits {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.process.num_permits().min(self.queue.num_permits())
    }

    /// Gives back what is more than so many.
    pub(crate) fn keep(&mut self, most: usize) {
        let surplus = self.len().saturating_sub(most);
        drop((self.process.split(surplus), self.queue.split(surplus)));
    }

    pub(super) fn take(&mut self) -> Option<Permit> {
        let (process, queue) = (self.process.split(1)?, self.queue.split(1)?);
        Some(Permit { process, queue: Some(queue), counted: None, room: None })
    }

    /// Of a record that starts later after all.
    pub(super) fn put_back(&mut self, Permit { process, queue, .. }: Permit) {
        self.process.merge(process);
        if let Some(queue) = queue {
            self.queue.merge(queue);
        }
    }
}

/// For how long one message is the worker's. Written by the worker, read where claims are made and failures are weighed.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    /// Until then nobody else receives it: milliseconds of the monotonic clock.
    visible_ms: AtomicU64,
    /// The latest end that its lease may have by now: milliseconds since 1970, 0 where it was never renewed.
    lease_ms: AtomicU64,
}

impl Hold {
    pub(crate) fn until(visible: Duration) -> Self {
        let hold = Self::default();
        hold.is_hidden_until(visible);
        hold
    }

    pub(crate) fn visible(&self) -> Duration {
        Duration::from_millis(self.visible_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn is_hidden_until(&self, visible: Duration) {
        let millis = u64::try_from(visible.as_millis()).unwrap_or(u64::MAX);
        self.visible_ms.store(millis, Ordering::Relaxed);
    }

    /// Before the renewal is sent: whether it landed may never be known.
    pub(crate) fn may_be_leased_until(&self, end_ms: u64) {
        self.lease_ms.fetch_max(end_ms, Ordering::Relaxed);
    }

    pub(super) fn lease_end_ms(&self) -> u64 {
        self.lease_ms.load(Ordering::Relaxed)
    }
}

/// What a worker hears of its batches.
pub(crate) struct Told {
    pub(crate) receive: u64,
    pub(crate) what: What,
}

/// What became of a batch, or of the record at a place in it.
pub(crate) enum What {
    /// Its handler is about to start, under this lease where the mode has one.
    Started(usize, Option<Lease>),
    Settled(usize, Settled),
    /// A record is about to run alone: to be told when SQS knows of all that was settled before.
    Alone(oneshot::Sender<()>),
    /// Nothing of the batch runs any more.
    Over,
}

/// A record that has its outcome.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) outcome: Outcome,
    pub(crate) verdict: Verdict,
    /// How long its task took; zero where it had none.
    pub(crate) took: Duration,
    /// How often its handler was started.
    pub(crate) runs: u16,
}

/// Hears of a worker's messages, each when its keeper does.
pub(crate) type Witness = Arc<dyn Fn(&Record, &Outcome) + Send + Sync>;

/// What the queue is to be told about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Delete,
    /// It stays hidden for that long from now.
    Hide(Duration),
    /// Nothing: it comes back when its visibility timeout ends.
    Leave,
}

/// What a worker orders.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// The record must not run on, for that reason.
    Stop(usize, ReasonClass),
    /// Nothing starts any more, and all has to be over by then, on the monotonic clock.
    Drain(Duration),
}
