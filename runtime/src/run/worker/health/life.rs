//! Whether a worker lives, and whether it takes messages: pure.

use std::time::Duration;

use crate::run::worker::stop::Stage;

/// How long receives may stay without an answer: several of them at the longest wait, with the longest pauses between. A deployment
/// that lost a permission for a moment is not killed for it.
pub(super) const UNANSWERED: Duration = Duration::from_secs(5 * 60);

/// How long a message may stay in hand that was told to stop because it took too long: its handler gets seconds, its store and its queue
/// a few more.
const UNSTOPPABLE: Duration = Duration::from_secs(60);

/// What is known of a worker at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) now: Duration,
    pub(super) stage: Stage,
    /// Whether every queue was found.
    pub(super) has_queues: bool,
    /// Whether it is paused, or waits for its store.
    pub(super) is_held_up: bool,
    pub(super) unanswered_since: Option<Duration>,
    pub(super) overdue_since: Option<Duration>,
}

impl Life {
    /// Why it had better be started anew.
    pub(super) fn why_not_live(&self) -> Option<String> {
        let for_longer = |since: Option<Duration>, than| {
            since
                .map(|since| self.now.saturating_sub(since))
                .filter(|passed| *passed > than)
                .map(|passed| passed.as_secs())
        };
        if let Some(seconds) = for_longer(self.overdue_since, UNSTOPPABLE) {
            return Some(format!(
                "a message that took too long was told to stop {seconds} s ago, and is still in hand"
            ));
        }
        let receives = self.stage == Stage::Running && !self.is_held_up;
        let unanswered = for_longer(self.unanswered_since, UNANSWERED).filter(|_| receives);
        unanswered.map(|seconds| format!("SQS has answered no receive for {seconds} s"))
    }

    /// Why it takes no messages.
    pub(super) fn why_not_ready(&self) -> Option<&'static str> {
        match self.stage {
            Stage::Draining(_) | Stage::Ended => Some("it stops"),
            Stage::Running if !self.has_queues => Some("its queues are not found yet"),
            Stage::Running => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn life() -> Life {
        let (unanswered_since, overdue_since) = (None, None);
        let (has_queues, is_held_up) = (true, false);
        Life { now: HOUR, stage: Stage::Running, has_queues, is_held_up, unanswered_since, overdue_since }
    }

    #[test]
    fn a_worker_with_nothing_to_do_lives_and_is_ready() {
        assert_eq!((life().why_not_live(), life().why_not_ready()), (None, None));
    }

    #[test]
    fn one_whose_receives_stay_without_an_answer_does_not_live_unless_it_asks_for_none() {
        let at_the_limit = Life { unanswered_since: Some(HOUR - UNANSWERED), ..life() };
        assert_eq!(at_the_limit.why_not_live(), None);
        let unanswered = Life { unanswered_since: Some(HOUR - Duration::from_secs(301)), ..life() };
        assert_eq!(unanswered.why_not_live().as_deref(), Some("SQS has answered no receive for 301 s"));
        let held_up = Life { is_held_up: true, ..unanswered };
        let stopping = Life { stage: Stage::Draining(HOUR), ..unanswered };
        assert_eq!((held_up.why_not_live(), stopping.why_not_live()), (None, None));
    }

    #[test]
    fn one_that_cannot_stop_a_message_does_not_live() {
        let overdue = |seconds| Life { overdue_since: Some(HOUR - Duration::from_secs(seconds)), ..life() };
        assert_eq!(overdue(60).why_not_live(), None);
        let said = "a message that took too long was told to stop 61 s ago, and is still in hand";
        assert_eq!(overdue(61).why_not_live().as_deref(), Some(said));
        assert!(Life { is_held_up: true, ..overdue(61) }.why_not_live().is_some());
    }

    #[test]
    fn it_is_ready_from_when_its_queues_are_found_until_it_stops() {
        assert!(Life { has_queues: false, ..life() }.why_not_ready().is_some());
        assert!(Life { stage: Stage::Draining(HOUR), ..life() }.why_not_ready().is_some());
    }
}
