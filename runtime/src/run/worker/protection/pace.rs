//! When the agent is told what: pure.
//!
//! While messages are in hand that is a call in 15 minutes, and where work comes and goes two calls a minute at most: each message for
//! itself costs none.

use std::time::Duration;

/// For how long protection is asked for. A task that hangs or forgets to give it up cannot be scaled in for that long at most.
pub(super) const MINUTES: u64 = 30;

const LONG: Duration = Duration::from_secs(MINUTES * 60);

/// How long nothing has to be in hand before protection is given up.
const IDLE: Duration = Duration::from_secs(60);

/// How long nothing is said after the agent refused or did not answer.
const AGAIN: Duration = Duration::from_secs(60);

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ask,
    GiveUp,
    /// Nothing before then, unless work comes or goes; `None` for nothing at all before that.
    Wait(Option<Duration>),
}

/// How far that is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Until when the task may be protected; `None` where it surely is not.
    until: Option<Duration>,
    /// When to ask once more, while work is in hand.
    renew_at: Duration,
    idle_since: Option<Duration>,
    not_before: Duration,
}

impl Pace {
    pub(super) fn next(&mut self, is_busy: bool, now: Duration) -> Step {
        let (step, due) = if is_busy {
            self.idle_since = None;
            (Step::Ask, self.renew_at)
        } else {
            let since = *self.idle_since.get_or_insert(now);
            if self.until.is_none_or(|until| until <= now) {
                return Step::Wait(None);
            }
            (Step::GiveUp, since + IDLE)
        };
        let due = due.max(self.not_before);
        if due <= now { step } else { Step::Wait(Some(due)) }
    }

    /// Protection was granted; it was asked for at that time.
    pub(super) fn granted(&mut self, asked_at: Duration) {
        (self.until, self.renew_at) = (Some(asked_at + LONG), asked_at + LONG / 2);
    }

    pub(super) fn given_up(&mut self) {
        *self = Self::default();
    }

    /// The agent refused, or did not answer: what was asked for may have come true.
    pub(super) fn failed(&mut self, step: Step, now: Duration) {
        self.not_before = now + AGAIN;
        if step == Step::Ask {
            self.until = Some(now + LONG);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn granted() -> Pace {
        let mut pace = Pace::default();
        assert_eq!(pace.next(true, at(100)), Step::Ask);
        pace.granted(at(100));
        pace
    }

    #[test]
    fn without_work_nothing_is_said() {
        assert_eq!(Pace::default().next(false, at(0)), Step::Wait(None));
    }

    #[test]
    fn it_is_asked_for_with_the_first_message_and_renewed_at_half_of_its_time() {
        let mut pace = granted();
        assert_eq!(pace.next(true, at(101)), Step::Wait(Some(at(100 + 900))));
        assert_eq!(pace.next(true, at(1_000)), Step::Ask);
        pace.granted(at(1_000));
        assert_eq!(pace.next(true, at(1_001)), Step::Wait(Some(at(1_900))));
    }

    #[test]
    fn it_is_given_up_once_nothing_was_in_hand_for_a_minute() {
        let mut pace = granted();
        assert_eq!(pace.next(false, at(110)), Step::Wait(Some(at(170))));
        assert_eq!(pace.next(true, at(160)), Step::Wait(Some(at(1_000))));
        assert_eq!(pace.next(false, at(165)), Step::Wait(Some(at(225))));
        assert_eq!(pace.next(false, at(225)), Step::GiveUp);
        pace.given_up();
        assert_eq!(pace.next(false, at(226)), Step::Wait(None));
        assert_eq!(pace.next(true, at(226)), Step::Ask);
    }

    #[test]
    fn after_a_failure_a_minute_passes_and_what_may_be_on_is_given_up_all_the_same() {
        let mut pace = Pace::default();
        pace.failed(Step::Ask, at(10));
        assert_eq!(pace.next(true, at(11)), Step::Wait(Some(at(70))));
        assert_eq!(pace.next(true, at(70)), Step::Ask);
        pace.failed(Step::Ask, at(70));
        assert_eq!(pace.next(false, at(75)), Step::Wait(Some(at(135))));
        assert_eq!(pace.next(false, at(135)), Step::GiveUp);
        pace.failed(Step::GiveUp, at(135));
        assert_eq!(pace.next(false, at(136)), Step::Wait(Some(at(195))));
        // It is over by itself.
        assert_eq!(pace.next(false, at(70 + 1_800)), Step::Wait(None));
    }

    /// Work that comes and goes as badly as it can.
    #[test]
    fn an_hour_of_comings_and_goings_costs_two_calls_a_minute_at_most() {
        for period in [1, 30, 59, 60, 61, 90, 300] {
            let (mut pace, mut calls) = (Pace::default(), 0);
            for second in 0..3_600 {
                let step = pace.next((second / period) % 2 == 0, at(second));
                match step {
                    Step::Ask => pace.granted(at(second)),
                    Step::GiveUp => pace.given_up(),
                    Step::Wait(_) => continue,
                }
                calls += 1;
            }
            assert!((1..=120).contains(&calls), "{calls} calls with a period of {period} s");
        }
    }
}
