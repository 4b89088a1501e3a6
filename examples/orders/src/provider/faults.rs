//! Which calls go wrong on purpose.

use crate::chance::Chance;

/// How often the provider fails, and which calls then do.
///
/// Whether a call fails depends on the seed, its key and how many calls with that key came before, not on the order of other
/// keys: a concurrent test finds the same faults again.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    chance: Chance,
    lose_replies: f64,
    unavailable: f64,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::seeded(0)
    }

    /// Nothing goes wrong yet; what will, follows from the seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { chance: Chance::new(seed), lose_replies: 0.0, unavailable: 0.0 }
    }

    /// With this probability a charge is made, and its answer never sent.
    #[must_use]
    pub fn lose_replies(self, probability: f64) -> Self {
        Self { lose_replies: probability, ..self }
    }

    /// With this probability a call is answered with 503, and nothing is charged.
    #[must_use]
    pub fn unavailable(self, probability: f64) -> Self {
        Self { unavailable: probability, ..self }
    }

    pub(super) fn loses_reply(&self, key: &str, nth: u64) -> bool {
        self.chance.happens(&format!("lost {key}"), nth, self.lose_replies)
    }

    pub(super) fn is_unavailable(&self, key: &str, nth: u64) -> bool {
        self.chance.happens(&format!("unavailable {key}"), nth, self.unavailable)
    }
}
