//! Stops asking a store that does not answer: pure, time comes in as a value.

use std::time::Duration;

/// How many claims in a row may fail.
const FAILURES: u32 = 5;

/// How long nothing is asked then, before one claim tries again.
const PAUSE: Duration = Duration::from_secs(5);

/// Whether new claims are worth a request. Ten thousand messages that each wait for a time-out would take the whole invocation.
///
/// Only new claims are refused: completions, renewals and releases always go out.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// Until then nothing is asked.
    open_until: Option<Duration>,
}

impl Breaker {
    /// Whether a claim may be sent. Of an open breaker one may, once its pause is over: it tells whether the store is back. If it
    /// is never heard of, another one may after the same pause.
    pub(crate) fn admits(&mut self, now: Duration) -> bool {
        match self.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.open_until = Some(now + PAUSE);
                true
            }
        }
    }

    /// Whether claims are refused, but for one that tries.
    pub(crate) fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// For how long nothing is asked; `None` where something may be, if only to try.
    #[cfg(feature = "worker")]
    pub(crate) fn pause(&self, now: Duration) -> Option<Duration> {
        self.open_until?.checked_sub(now).filter(|pause| !pause.is_zero())
    }

    /// The store answered.
    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// It did not. Whether that opened the breaker.
    pub(crate) fn failed(&mut self, now: Duration) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = self.failures >= FAILURES;
        let was_open = self.open_until.is_some();
        if opens {
            self.open_until = Some(now + PAUSE);
        }
        opens && !was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        let opened: Vec<bool> = (0..FAILURES).map(|_| breaker.failed(at(100))).collect();
        assert_eq!(opened.iter().filter(|opened| **opened).count(), 1);
        assert_eq!(opened.last(), Some(&true));
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            (1..FAILURES).for_each(|_| assert!(!breaker.failed(at(1))));
            breaker.answered();
        }
        assert!(breaker.admits(at(1)));
        assert!(!open().admits(at(104)));
    }

    #[test]
    fn after_its_pause_one_claim_tries_and_tells() {
        let mut breaker = open();
        assert!(breaker.admits(at(105)));
        assert!(!breaker.admits(at(105)) && !breaker.admits(at(109)));
        // Nothing was heard of that one.
        assert!(breaker.admits(at(110)));
        assert!(!breaker.failed(at(111)));
        assert!(!breaker.admits(at(115)));
        assert!(breaker.admits(at(116)));
        breaker.answered();
        assert!(breaker.admits(at(116)) && breaker.admits(at(116)));
    }
}
