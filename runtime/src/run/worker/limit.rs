//! How many messages may run at a time, by how what is behind the handler fares: pure.
//!
//! A limit by gradient: it follows the ratio of what a run took lately to what it took for long, as the limiters of TCP Vegas' family do,
//! and is cut where runs fail. It grows back by the root of itself as long as neither says otherwise.

use std::time::Duration;

/// How much slower than for long runs may be lately before the limit shrinks.
const TOLERANCE: f64 = 1.5;

/// How much of a window's runs may fail.
const FAILURES: f64 = 0.2;

/// What is left of the limit where more of them do.
const CUT: f64 = 0.7;

/// How quickly the long view follows.
const LONG: f64 = 0.02;

/// The fewest runs that say something.
const LEAST_WINDOW: usize = 10;

/// A limit that shrinks and grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    least: f64,
    most: f64,
    limit: f64,
    /// Seconds that a run takes, seen for long; 0 before the first window.
    long: f64,
    window: Window,
}

/// Runs since the last look.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    runs: usize,
    failed: usize,
    seconds: f64,
}

impl Limit {
    /// Between these; the larger one first.
    pub(super) fn new(least: usize, most: usize) -> Self {
        let most = most.max(1) as f64;
        Self { least: (least.max(1) as f64).min(most), most, limit: most, long: 0.0, window: Window::default() }
    }

    /// How many may run.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two counts of permits")]
    pub(super) fn now(&self) -> usize {
        self.limit as usize
    }

    /// A run took so long, and failed or not. Once as many ended as may run at a time, the limit is moved.
    pub(super) fn ran(&mut self, took: Duration, failed: bool) {
        self.window.runs += 1;
        self.window.failed += usize::from(failed);
        self.window.seconds += took.as_secs_f64();
        if self.window.runs >= self.now().max(LEAST_WINDOW) {
            let window = std::mem::take(&mut self.window);
            self.move_by(window);
        }
    }

    fn move_by(&mut self, Window { runs, failed, seconds }: Window) {
        let (runs, failed) = (runs as f64, failed as f64);
        let short = (seconds / runs).max(1e-6);
        self.long = if self.long == 0.0 { short } else { self.long + LONG * (short - self.long) };
        let wanted = if failed > FAILURES * runs {
            self.limit * CUT
        } else {
            self.limit * (TOLERANCE * self.long / short).clamp(0.5, 1.0) + self.limit.sqrt()
        };
        // Halfway, so that one odd window does not decide.
        self.limit = f64::midpoint(self.limit, wanted).clamp(self.least, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_millis(100);

    fn run(limit: &mut Limit, runs: usize, took: Duration, failed: bool) -> usize {
        (0..runs).for_each(|_| limit.ran(took, failed));
        limit.now()
    }

    #[test]
    fn it_stays_where_nothing_changes() {
        let mut limit = Limit::new(1, 100);
        assert_eq!(run(&mut limit, 10_000, USUAL, false), 100);
    }

    #[test]
    fn failures_bring_it_down_to_the_least_and_successes_up_again() {
        let mut limit = Limit::new(2, 100);
        assert!(run(&mut limit, 200, USUAL, true) < 80);
        assert_eq!(run(&mut limit, 3_000, USUAL, true), 2);
        assert_eq!(run(&mut limit, 10_000, USUAL, false), 100);
    }

    #[test]
    fn a_few_failures_change_nothing() {
        let mut limit = Limit::new(1, 100);
        for n in 0..10_000 {
            limit.ran(USUAL, n % 10 == 0);
        }
        assert_eq!(limit.now(), 100);
    }

    #[test]
    fn runs_that_take_ever_longer_bring_it_down() {
        let mut limit = Limit::new(1, 100);
        run(&mut limit, 1_000, USUAL, false);
        let slow = run(&mut limit, 1_000, 10 * USUAL, false);
        assert!(slow < 50, "{slow}");
        // What is slow for long is how it is.
        assert_eq!(run(&mut limit, 50_000, 10 * USUAL, false), 100);
    }
}
