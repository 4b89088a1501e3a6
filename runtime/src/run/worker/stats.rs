//! What a worker did so far: counters that anybody may look at.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::{
    asking::Asking,
    durations::{Counted, Durations},
};
use crate::run::pipeline::Settled;

/// The outcomes of messages that come back, as their names have them.
const FAILURES: [&str; 4] = ["retry", "rejected", "in progress elsewhere", "not started"];

/// Counts since the start of the worker.
#[derive(Debug, Default)]
pub(super) struct Stats {
    receives: AtomicU64,
    empty_receives: AtomicU64,
    failed_receives: AtomicU64,
    received: AtomicU64,
    done: AtomicU64,
    /// By outcome.
    failed: [AtomicU64; FAILURES.len()],
    given_back: AtomicU64,
    deleted: AtomicU64,
    beats: AtomicU64,
    lost: AtomicU64,
    in_flight: AtomicUsize,
    /// How many may be; 0 for as many as the consumer says.
    limit: AtomicUsize,
    /// Whether any is in hand.
    busy: watch::Sender<bool>,
    /// Milliseconds on the monotonic clock, plus one; 0 for never.
    polled_ms: AtomicU64,
    oldest_ms: AtomicU64,
    overdue_ms: AtomicU64,
    asking: Mutex<Asking>,
    durations: Durations,
}

/// What a worker did since it was started, and what it has in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Receives that SQS answered.
    pub receives: u64,
    /// Of these, those without a message.
    pub empty_receives: u64,
    /// Receives that SQS refused or did not answer.
    pub failed_receives: u64,
    /// Messages that were received.
    pub received: u64,
    /// Messages that succeeded, had succeeded before, or are in the dead-letter queue.
    pub done: u64,
    /// Messages that failed and come back.
    pub failed: u64,
    /// Messages that were not started because the worker stopped.
    pub given_back: u64,
    /// Messages whose deletion SQS confirmed.
    pub deleted: u64,
    /// Messages that were kept hidden once more.
    pub beats: u64,
    /// Messages whose receive or lease was lost while they were worked on.
    pub lost: u64,
    /// Messages in hand: received, and not settled yet.
    pub in_flight: usize,
}

macro_rules! counts {
    ($($name:ident),*) => {
        $(pub(super) fn $name(&self, by: usize) {
            self.$name.fetch_add(by as u64, Ordering::Relaxed);
        })*
    };
}

impl Stats {
    counts!(empty_receives, failed_receives, received, given_back, deleted, beats, lost);

    fn asking(&self) -> MutexGuard<'_, Asking> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receive is about to be asked for.
    pub(super) fn asks(&self, now: Duration) {
        self.asking().asks(now);
    }

    /// Since when receives are asked for and none was answered.
    pub(super) fn unanswered_since(&self) -> Option<Duration> {
        self.asking().since()
    }

    pub(super) fn polled(&self, now: Duration) {
        self.asking().answered();
        self.receives.fetch_add(1, Ordering::Relaxed);
        self.polled_ms.store(stamp(now), Ordering::Relaxed);
    }

    pub(super) fn settled(&self, settled: &Settled) {
        let outcome = &settled.outcome;
        let failure = FAILURES.iter().position(|name| *name == outcome.name()).and_then(|i| self.failed.get(i));
        let count = if outcome.is_success() { Some(&self.done) } else { failure };
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if settled.runs > 0 {
            self.durations.add(settled.took);
        }
    }

    /// When the oldest was received, and when the first of those that still run was told to stop because it took too long.
    pub(super) fn has_in_hand(&self, messages: usize, oldest: Option<Duration>, overdue: Option<Duration>) {
        self.in_flight.store(messages, Ordering::Relaxed);
        self.oldest_ms.store(oldest.map_or(0, stamp), Ordering::Relaxed);
        self.overdue_ms.store(overdue.map_or(0, stamp), Ordering::Relaxed);
        let is_busy = messages > 0;
        self.busy.send_if_modified(|busy| std::mem::replace(busy, is_busy) != is_busy);
    }

    pub(super) fn is_limited_to(&self, messages: usize) {
        self.limit.store(messages, Ordering::Relaxed);
    }

    /// How many messages may be in hand, where that is less than the consumer says.
    pub(super) fn limit(&self) -> Option<usize> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Whether anything is in hand, and when that changes.
    pub(super) fn busy(&self) -> watch::Receiver<bool> {
        self.busy.subscribe()
    }

    /// How many came back, by outcome.
    pub(super) fn failed(&self) -> [(&'static str, u64); FAILURES.len()] {
        std::array::from_fn(|i| {
            let count = self.failed.get(i).map_or(0, |count| count.load(Ordering::Relaxed));
            (FAILURES.get(i).copied().unwrap_or_default(), count)
        })
    }

    pub(super) fn durations(&self) -> Counted {
        self.durations.counted()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// When SQS last answered a receive.
    pub(super) fn last_polled(&self) -> Option<Duration> {
        at(self.polled_ms.load(Ordering::Relaxed))
    }

    /// When the oldest message in hand was received.
    pub(super) fn oldest(&self) -> Option<Duration> {
        at(self.oldest_ms.load(Ordering::Relaxed))
    }

    /// Since when a message runs on that was told to stop because it took too long.
    pub(super) fn overdue_since(&self) -> Option<Duration> {
        at(self.overdue_ms.load(Ordering::Relaxed))
    }

    pub(super) fn snapshot(&self) -> WorkerStats {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        WorkerStats {
            receives: get(&self.receives),
            empty_receives: get(&self.empty_receives),
            failed_receives: get(&self.failed_receives),
            received: get(&self.received),
            done: get(&self.done),
            failed: self.failed.iter().map(get).sum(),
            given_back: get(&self.given_back),
            deleted: get(&self.deleted),
            beats: get(&self.beats),
            lost: get(&self.lost),
            in_flight: self.in_flight(),
        }
    }
}

fn stamp(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
}

fn at(stamp: u64) -> Option<Duration> {
    stamp.checked_sub(1).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        outcome::{Outcome, Reason, ReasonClass},
        run::pipeline::Verdict,
    };

    #[test]
    fn each_outcome_counts_once() {
        let reason = || Reason::new(ReasonClass::Handler);
        let outcomes = [
            Outcome::Done,
            Outcome::AlreadyDone,
            Outcome::Retry(reason()),
            Outcome::Rejected(reason()),
            Outcome::Rejected(reason().dead_lettered()),
            Outcome::InProgressElsewhere,
            Outcome::NotStarted(reason()),
        ];
        let stats = Stats::default();
        for (n, outcome) in outcomes.into_iter().enumerate() {
            let took = Duration::from_secs(1);
            stats.settled(&Settled { outcome, verdict: Verdict::Leave, took, runs: u16::from(n == 0) });
            let WorkerStats { done, failed, .. } = stats.snapshot();
            assert_eq!(done + failed, n as u64 + 1);
        }
        assert_eq!(stats.snapshot().done, 3);
        assert_eq!(stats.failed().map(|(_, count)| count), [1, 1, 1, 1]);
        assert_eq!(stats.durations().count, 1);
    }

    #[test]
    fn whoever_waits_hears_when_work_comes_and_goes() {
        let stats = Stats::default();
        let mut busy = stats.busy();
        let mut heard = |messages| {
            stats.has_in_hand(messages, None, None);
            busy.has_changed().unwrap().then(|| *busy.borrow_and_update())
        };
        assert_eq!([0, 1, 2, 0].map(&mut heard), [None, Some(true), None, Some(false)]);
    }
}
