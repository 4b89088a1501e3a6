//! What each of a worker's queues ought to have of the permits of the process, and whose turn it is where several wait for them.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// One queue's part of the concurrency.
pub(in crate::run::worker) struct Share {
    /// Its place among the worker's queues.
    number: usize,
    /// Those of the queue; the process has its own.
    pub(super) permits: Arc<Semaphore>,
    /// How many may be in hand.
    pub(super) concurrency: usize,
    /// How many it ought to have where all queues are busy.
    pub(super) fair: usize,
    /// Its last receives were not in vain.
    is_busy: AtomicBool,
}

impl Share {
    pub(in crate::run::worker) fn new(number: usize, concurrency: usize, fair: usize) -> Self {
        Self {
            number,
            permits: Arc::new(Semaphore::new(concurrency)),
            concurrency,
            fair: fair.clamp(1, concurrency),
            is_busy: AtomicBool::new(false),
        }
    }

    /// How many permits are taken, one that waits for its counterpart of the process included.
    pub(super) fn held(&self) -> usize {
        self.concurrency.saturating_sub(self.permits.available_permits())
    }

    pub(super) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }

    pub(super) fn finds(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::Relaxed);
    }

    /// Whether it has less of its share than that one has.
    fn is_poorer_than(&self, other: &Self) -> bool {
        self.held() * other.fair < other.held() * self.fair
    }
}

/// The queues of a worker.
///
/// Who comes next of those that wait is decided where one comes or goes, and told to all: two that looked by themselves could each see the
/// other in front.
pub(in crate::run::worker) struct Turns {
    shares: Vec<Arc<Share>>,
    waiting: Mutex<BTreeSet<usize>>,
    next: watch::Sender<Option<usize>>,
}

impl Turns {
    pub(in crate::run::worker) fn new(shares: Vec<Arc<Share>>) -> Self {
        Self { shares, waiting: Mutex::default(), next: watch::Sender::default() }
    }

    /// A permit of the process for that queue, once it is its turn and there is one; `None` where nobody gives any more.
    pub(super) async fn take(&self, share: &Share, process: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let _waits = self.enter(share.number);
        let mut next = self.next.subscribe();
        loop {
            next.wait_for(|next| *next == Some(share.number)).await.ok()?;
            let permit = pin!(Arc::clone(process).acquire_owned());
            let mut next = next.clone();
            let another = pin!(next.wait_for(|next| *next != Some(share.number)));
            if let Either::Left((permit, _)) = select(permit, another).await {
                return permit.ok();
            }
        }
    }

    /// Whether another queue waits for permits, or will soon.
    pub(super) fn others_want(&self, share: &Share) -> bool {
        self.waiting().iter().any(|other| *other != share.number) || self.others_are_behind(share)
    }

    /// Whether the queue has its share, and another will soon ask for what it lacks of its own.
    pub(super) fn should_yield(&self, share: &Share) -> bool {
        share.held() > share.fair && self.others_are_behind(share)
    }

    fn others_are_behind(&self, share: &Share) -> bool {
        let mut others = self.shares.iter().filter(|other| other.number != share.number);
        others.any(|other| other.is_busy() && other.held() < other.fair)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, number: usize) -> Waits<'_> {
        self.changes(|waiting| {
            waiting.insert(number);
        });
        Waits { turns: self, number }
    }

    fn changes(&self, change: impl FnOnce(&mut BTreeSet<usize>)) {
        let mut waiting = self.waiting();
        change(&mut waiting);
        let shares = waiting.iter().filter_map(|number| self.shares.get(*number));
        let poorest = shares.reduce(|first, other| if other.is_poorer_than(first) { other } else { first });
        let poorest = poorest.map(|share| share.number);
        self.next.send_if_modified(|next| std::mem::replace(next, poorest) != poorest);
    }
}

/// A queue that waits for as long as this lives.
struct Waits<'a> {
    turns: &'a Turns,
    number: usize,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.turns.changes(|waiting| {
            waiting.remove(&self.number);
        });
    }
}
