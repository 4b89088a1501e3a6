//! Everything that a simulation draws, from one seed.

use std::{sync::Arc, time::Duration};

use crate::{
    random::{NoRandomness, Random},
    testkit::Seeded,
};

/// Chance of one simulation. Clones go on with the same numbers.
#[derive(Clone)]
pub(super) struct Chance(Arc<Seeded>);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Seeded::new(seed)))
    }

    /// A number below that one; 0 if it is 0.
    pub(super) fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// Whether something happens that happens so often in a thousand times.
    pub(super) fn happens(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.below(1_000) < u64::from(per_mille)
    }

    pub(super) fn one_of<'a, T>(&self, all: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(all.len()).unwrap_or(0));
        all.get(usize::try_from(place).unwrap_or(0))
    }

    /// A time of at most that long.
    pub(super) fn time(&self, longest: Duration) -> Duration {
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(millis.saturating_add(1)))
    }
}

impl Random for Chance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(bytes)
    }
}
