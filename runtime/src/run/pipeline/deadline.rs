//! When a batch stops starting, stops waiting, and must answer.

use std::time::Duration;

use crate::{clock::SharedClock, handler::Invocation};

/// The moments before an invocation's deadline, on the monotonic clock.
///
/// ```text
///   start ............ stop ....... abandon .. answer . leave . deadline
///                      |<--------------- reserve ---------------->|
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    stop: Duration,
    abandon: Duration,
    answer: Duration,
    leave: Duration,
}

/// How far a batch is on its way to the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Handlers may start.
    Open,
    /// Nothing starts; what runs was told to stop and is awaited.
    Stopped,
    /// Handlers that did not yield are left behind; writes in flight are awaited.
    Abandoned,
    /// The answer goes out now.
    Over,
}

impl Deadline {
    /// The least reserve, unless the whole time is too short for it.
    const MIN_RESERVE: Duration = Duration::from_secs(1);

    pub(super) fn of(invocation: &Invocation, clock: &SharedClock) -> Option<Self> {
        Some(Self::at(invocation.deadline()?, clock.monotonic()))
    }

    /// The moments before a deadline that is known by now.
    pub(super) fn at(deadline: Duration, now: Duration) -> Self {
        let left = deadline.saturating_sub(now);
        let reserve = Self::reserve(left);
        let before = |part: Duration| deadline.saturating_sub(part);
        Self {
            stop: before(reserve),
            abandon: before(reserve / 2),
            answer: before(reserve / 4),
            leave: before(reserve / 8),
        }
    }

    /// The larger of 1 s and 5 % of the time, but never more than half of it: a function with a time-out of 1 s must be
    /// able to start something.
    fn reserve(left: Duration) -> Duration {
        Self::MIN_RESERVE.max(left / 20).min(left / 2)
    }

    pub(super) fn phase(&self, now: Duration) -> Phase {
        match now {
            now if now >= self.answer => Phase::Over,
            now if now >= self.abandon => Phase::Abandoned,
            now if now >= self.stop => Phase::Stopped,
            _ => Phase::Open,
        }
    }

    /// Whether handlers may still start then.
    pub(super) fn stops_after(&self, time: Duration) -> bool {
        time < self.stop
    }

    /// When the answer goes out.
    pub(super) fn answer(&self) -> Duration {
        self.answer
    }

    /// The longest that a queue may be told something: that time is paid for.
    pub(super) const LONGEST_TELLING: Duration = Duration::from_secs(10);

    /// How long the queue may be told what became of its messages: half of the time that is left and no more than 10 s; where all of it
    /// was taken, what is left before the answer must leave.
    pub(super) fn share_for_the_queue(&self, now: Duration) -> Duration {
        let left = self.leave.saturating_sub(now);
        let last = self.leave.saturating_sub(self.answer);
        (left / 2).max(last).min(left).min(Self::LONGEST_TELLING)
    }

    /// When the phase after this one begins; `None` after the last.
    pub(super) fn end_of(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Open => Some(self.stop),
            Phase::Stopped => Some(self.abandon),
            Phase::Abandoned => Some(self.answer),
            Phase::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_fits_the_time() {
        let seconds = Duration::from_secs;
        assert_eq!(Deadline::reserve(seconds(900)), seconds(45));
        assert_eq!(Deadline::reserve(seconds(30)), Duration::from_millis(1_500));
        assert_eq!(Deadline::reserve(seconds(3)), seconds(1));
        assert_eq!(Deadline::reserve(seconds(1)), Duration::from_millis(500));
    }

    #[test]
    fn the_phases_come_in_order() {
        let ms = Duration::from_millis;
        let deadline = Deadline { stop: ms(800), abandon: ms(900), answer: ms(950), leave: ms(975) };
        let phases = [0, 800, 900, 950, 2_000].map(|now| deadline.phase(ms(now)));
        assert_eq!(phases, [Phase::Open, Phase::Stopped, Phase::Abandoned, Phase::Over, Phase::Over]);
        assert_eq!(deadline.end_of(Phase::Open), Some(ms(800)));
        assert_eq!(deadline.end_of(Phase::Over), None);
        let shares = [0, 775, 950, 970, 975, 2_000].map(|now| deadline.share_for_the_queue(ms(now)).as_millis());
        assert_eq!(shares, [487, 100, 25, 5, 0, 0]);
    }
}
