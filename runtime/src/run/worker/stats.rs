//! What a worker did so far: counters that anybody may look at.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use crate::outcome::Outcome;

/// Counts since the start of the worker.
#[derive(Debug, Default)]
pub(super) struct Stats {
    receives: AtomicU64,
    empty_receives: AtomicU64,
    failed_receives: AtomicU64,
    received: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    given_back: AtomicU64,
    deleted: AtomicU64,
    beats: AtomicU64,
    lost: AtomicU64,
    in_flight: AtomicUsize,
    /// Milliseconds on the monotonic clock, plus one; 0 for never.
    polled_ms: AtomicU64,
    oldest_ms: AtomicU64,
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

    pub(super) fn polled(&self, now: Duration) {
        self.receives.fetch_add(1, Ordering::Relaxed);
        self.polled_ms.store(stamp(now), Ordering::Relaxed);
    }

    pub(super) fn settled(&self, outcome: &Outcome) {
        let count = if outcome.is_success() { &self.done } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn has_in_hand(&self, messages: usize, oldest: Option<Duration>) {
        self.in_flight.store(messages, Ordering::Relaxed);
        self.oldest_ms.store(oldest.map_or(0, stamp), Ordering::Relaxed);
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

    pub(super) fn snapshot(&self) -> WorkerStats {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        WorkerStats {
            receives: get(&self.receives),
            empty_receives: get(&self.empty_receives),
            failed_receives: get(&self.failed_receives),
            received: get(&self.received),
            done: get(&self.done),
            failed: get(&self.failed),
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
