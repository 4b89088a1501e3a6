//! Chance that can be repeated.
//!
//! Each draw is a function of the seed, a name and a number, not of the draws before it: what happens to the third call with
//! a key stays the same, in whatever order other calls come in between.

/// A source of draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    seed: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number for the `nth` draw of that name, spread over 64 bits.
    pub(crate) fn number(self, name: &str, nth: u64) -> u64 {
        // FNV-1a tells names apart, the finisher of SplitMix64 spreads what it found.
        let bytes = self.seed.to_le_bytes().into_iter().chain(nth.to_le_bytes()).chain(name.bytes());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// One of `0..choices`; 0 where there is no choice.
    pub(crate) fn choose(self, name: &str, nth: u64, choices: u64) -> u64 {
        self.number(name, nth).checked_rem(choices).unwrap_or(0)
    }

    /// Whether something of this probability happens: never with 0, always with 1.
    pub(crate) fn happens(self, name: &str, nth: u64, probability: f64) -> bool {
        const STEPS: f64 = (1_u64 << 53) as f64;
        ((self.number(name, nth) >> 11) as f64) / STEPS < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_near_the_probability_and_exact_at_both_ends() {
        let share = |probability| (0..10_000).filter(|nth| Chance::new(7).happens("a", *nth, probability)).count();
        assert_eq!((share(0.0), share(1.0)), (0, 10_000));
        assert!((2_300..2_700).contains(&share(0.25)), "{}", share(0.25));
    }

    #[test]
    fn seed_name_and_number_each_make_another_draw() {
        let drawn = Chance::new(1).number("a", 1);
        assert_eq!(drawn, Chance::new(1).number("a", 1));
        for other in [Chance::new(2).number("a", 1), Chance::new(1).number("b", 1), Chance::new(1).number("a", 2)] {
            assert_ne!(drawn, other);
        }
    }
}
