//! How long handlers took: a histogram of few buckets.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper ends of the buckets, in seconds as they are written.
pub(super) const BUCKETS: [&str; 8] = ["0.01", "0.1", "1", "10", "60", "300", "1800", "3600"];

const ENDS_MS: [u64; BUCKETS.len()] = [10, 100, 1_000, 10_000, 60_000, 300_000, 1_800_000, 3_600_000];

/// Counts since the start of the worker.
#[derive(Debug, Default)]
pub(super) struct Durations {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// The same at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// How many took no longer than the end of each bucket.
    pub(super) up_to: [u64; BUCKETS.len()],
    pub(super) count: u64,
    pub(super) sum: Duration,
}

impl Durations {
    pub(super) fn add(&self, took: Duration) {
        let end = ENDS_MS.iter().position(|end| took <= Duration::from_millis(*end));
        if let Some(bucket) = end.and_then(|end| self.buckets.get(end)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counted(&self) -> Counted {
        let mut so_far = 0;
        let up_to = self.buckets.each_ref().map(|bucket| {
            so_far += bucket.load(Ordering::Relaxed);
            so_far
        });
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed));
        // Never less than a bucket has: one may be added meanwhile.
        Counted { up_to, count: self.count.load(Ordering::Relaxed).max(so_far), sum }
    }
}

impl Counted {
    /// `None` where none was counted.
    pub(super) fn mean(&self) -> Option<Duration> {
        let mean = self.sum.as_secs_f64() / self.count as f64;
        (self.count > 0).then(|| Duration::from_secs_f64(mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_holds_those_below_it_too() {
        let durations = Durations::default();
        assert_eq!(durations.counted().mean(), None);
        [10, 11, 100, 5_000, 4_000_000].into_iter().for_each(|ms| durations.add(Duration::from_millis(ms)));
        let counted = durations.counted();
        assert_eq!((counted.up_to, counted.count), ([1, 3, 3, 4, 4, 4, 4, 4], 5));
        assert_eq!(counted.sum, Duration::from_millis(4_005_121));
        assert_eq!(counted.mean(), Some(counted.sum / 5));
    }

    #[test]
    fn the_ends_are_what_is_written() {
        for (written, ms) in BUCKETS.iter().zip(ENDS_MS) {
            assert_eq!((written.parse::<f64>().unwrap() * 1_000.0).round(), ms as f64);
        }
    }
}
