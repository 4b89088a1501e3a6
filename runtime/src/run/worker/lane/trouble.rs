//! How long nothing is asked after an error: pure.

use std::time::Duration;

/// After the first error.
const FIRST: Duration = Duration::from_secs(1);

/// After many.
const LONGEST: Duration = Duration::from_secs(60);

/// Errors in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::run::worker) struct Trouble {
    errors: u32,
}

impl Trouble {
    pub(super) fn is_over(&mut self) {
        self.errors = 0;
    }

    /// One more error: how long to wait. Between half of a time that doubles and all of it, by chance.
    pub(in crate::run::worker) fn again(&mut self, chance: u32) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.errors.min(10)).min(LONGEST);
        self.errors = self.errors.saturating_add(1);
        whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_minute_and_starts_anew() {
        let mut trouble = Trouble::default();
        let seconds: Vec<u64> = (0..9).map(|_| trouble.again(u32::MAX).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        trouble.is_over();
        assert_eq!(trouble.again(0), Duration::from_millis(500));
    }
}
