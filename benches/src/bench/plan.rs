//! What is tried, how often and for how long.

use std::time::Duration;

use crate::{
    side::Side,
    trial::{Length, Setup},
};

/// The limits of messages at a time, at 100 records.
pub(crate) const LIMITS: [usize; 5] = [1, 4, 16, 64, 256];

/// What is tried.
pub(crate) struct Plan {
    pub(crate) sides: &'static [Side],
    pub(crate) records: &'static [usize],
    /// How late the store answers; `None` where nothing is claimed.
    pub(crate) stores_ms: &'static [Option<u64>],
    /// As many as there is time for, and one at least.
    pub(crate) rounds: usize,
    /// No round begins after it.
    pub(crate) time: Duration,
    /// A setup that has had as much sits out the other rounds. It cuts short those that are slow, and leaves none out.
    pub(crate) time_of_each: Duration,
    pub(crate) warm_up: Length,
    pub(crate) length: Length,
    /// Whether growth is looked at.
    pub(crate) growth: bool,
    /// How often each side is started.
    pub(crate) starts: usize,
    /// Invocations that callgrind counts; twice as many in its second session.
    pub(crate) counted: usize,
}

impl Plan {
    pub(crate) fn quick() -> Self {
        Self {
            sides: &Side::RUST,
            records: &[10, 100],
            stores_ms: &[None, Some(5)],
            rounds: 5,
            time: Duration::from_secs(60),
            time_of_each: Duration::from_secs(10),
            warm_up: Length { invocations: 20, time: Duration::from_millis(300) },
            length: Length { invocations: 200, time: Duration::from_millis(800) },
            growth: false,
            starts: 25,
            counted: 20,
        }
    }

    pub(crate) fn full() -> Self {
        Self {
            sides: &Side::ALL,
            records: &[1, 10, 100, 1_000],
            stores_ms: &[None, Some(0), Some(5)],
            rounds: 5,
            time: Duration::from_secs(8 * 60),
            time_of_each: Duration::from_secs(9),
            warm_up: Length { invocations: 20, time: Duration::from_millis(300) },
            length: Length { invocations: 200, time: Duration::from_millis(700) },
            growth: true,
            starts: 50,
            counted: 50,
        }
    }

    /// One round: every side once with each, in turn, so that what else the machine does meets all of them.
    pub(crate) fn round(&self) -> Vec<Setup> {
        let mut setups = Vec::new();
        for &store_ms in self.stores_ms {
            for &records in self.records {
                setups.extend(self.sides.iter().map(|&side| Setup { side, records, store_ms, concurrency: None }));
            }
        }
        if self.growth {
            setups.extend(growth());
        }
        setups
    }
}

/// What the comparison does not try already.
fn growth() -> impl Iterator<Item = Setup> {
    let ours = |records, store_ms, concurrency| Setup { side: Side::Ours, records, store_ms, concurrency };
    let sizes = [None, Some(5)].map(|store_ms| ours(10_000, store_ms, None));
    sizes.into_iter().chain(LIMITS.map(|limit| ours(100, Some(5), Some(limit))))
}
