//! Since when SQS owes a worker an answer: pure.

use std::time::Duration;

/// Receives follow each other within that, errors and their pauses included. Where none does, the worker waits for something else: for
/// permits, for its rate, for a store, or because it is paused.
const LONGEST_PAUSE: Duration = Duration::from_secs(3 * 60);

/// Receives without an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    /// The first one, and the latest one.
    unanswered: Option<(Duration, Duration)>,
}

impl Asking {
    /// A receive is about to be asked for.
    pub(super) fn asks(&mut self, now: Duration) {
        let goes_on = |(_, last): &(_, Duration)| now.saturating_sub(*last) <= LONGEST_PAUSE;
        let since = self.unanswered.filter(goes_on).map_or(now, |(since, _)| since);
        self.unanswered = Some((since, now));
    }

    pub(super) fn answered(&mut self) {
        self.unanswered = None;
    }

    /// Since when nothing was answered.
    pub(super) fn since(&self) -> Option<Duration> {
        self.unanswered.map(|(since, _)| since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_the_first_receive_without_an_answer() {
        let at = Duration::from_secs;
        let mut asking = Asking::default();
        assert_eq!(asking.since(), None);
        [10, 100, 250].into_iter().for_each(|now| asking.asks(at(now)));
        assert_eq!(asking.since(), Some(at(10)));
        asking.answered();
        assert_eq!(asking.since(), None);
    }

    #[test]
    fn time_in_which_nothing_was_asked_does_not_count() {
        let at = Duration::from_secs;
        let mut asking = Asking::default();
        [10, 190, 371].into_iter().for_each(|now| asking.asks(at(now)));
        assert_eq!(asking.since(), Some(at(371)));
    }
}
