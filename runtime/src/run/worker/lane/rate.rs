//! How fast messages may be taken: a bucket of permits, pure.

use std::time::Duration;

/// Fills with so many permits a second and holds ten at most: one receive.
#[derive(Clone, Copy, Debug)]
pub(in crate::run::worker) struct Rate {
    a_second: f64,
    held: f64,
    at: Duration,
}

/// The largest receive.
const BURST: f64 = 10.0;

impl Rate {
    pub(in crate::run::worker) fn new(a_second: u32, now: Duration) -> Self {
        Self { a_second: f64::from(a_second), held: BURST, at: now }
    }

    /// Takes up to so many permits, or says after how long there is one.
    pub(in crate::run::worker) fn take(&mut self, most: usize, now: Duration) -> Result<usize, Duration> {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        (self.held, self.at) = ((self.held + passed * self.a_second).min(BURST), now);
        let whole = (1..=most).rev().find(|n| *n as f64 <= self.held);
        match whole {
            Some(n) => {
                self.held -= n as f64;
                Ok(n)
            }
            None => Err(Duration::from_secs_f64((1.0 - self.held) / self.a_second).max(Duration::from_millis(1))),
        }
    }

    /// Gives back what was not used.
    pub(in crate::run::worker) fn unused(&mut self, permits: usize) {
        self.held = (self.held + permits as f64).min(BURST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_so_many_a_second() {
        let at = Duration::from_secs;
        let mut rate = Rate::new(2, at(0));
        assert_eq!(rate.take(10, at(0)), Ok(10));
        assert_eq!(rate.take(10, at(0)), Err(Duration::from_millis(500)));
        assert_eq!(rate.take(10, at(2)), Ok(4));
        rate.unused(3);
        assert_eq!(rate.take(10, at(2)), Ok(3));
        assert_eq!(rate.take(10, at(3_600)), Ok(10));
    }
}
