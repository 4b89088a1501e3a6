//! What the clock says: when nothing starts any more, what is left behind, when the answer goes out.

use std::time::Duration;

use super::{Drive, retry};
use crate::{
    outcome::{Outcome, Reason, ReasonClass},
    run::pipeline::{
        deadline::{Deadline, Phase},
        flight::{Flight, Stage},
    },
};

impl Drive {
    pub(super) fn set_alarm(&mut self) {
        let clock = &self.shared.seams.clock;
        let end = self.deadline.and_then(|deadline| deadline.end_of(self.phase));
        self.alarm = end.map(|end| clock.sleep(end.saturating_sub(clock.monotonic())));
    }

    /// The time until the answer goes out, for requests to the store.
    pub(super) fn time_for_the_store(&self) -> Option<Duration> {
        let now = self.shared.seams.clock.monotonic();
        self.deadline.map(|deadline| deadline.answer().saturating_sub(now))
    }

    /// Enters the phase that the clock says, whether or not a timer was on time.
    pub(super) fn look_at_the_clock(&mut self) {
        let Some(deadline) = self.deadline else { return };
        let phase = deadline.phase(self.shared.seams.clock.monotonic());
        if phase > self.phase {
            if self.phase < Phase::Stopped {
                self.stop();
            }
            if phase >= Phase::Abandoned && self.phase < Phase::Abandoned {
                self.abandon();
            }
            self.phase = phase;
            if phase == Phase::Over {
                self.cut();
            }
            self.set_alarm();
        } else if self.alarm.is_none() && self.phase != Phase::Over {
            // A timer that fired a moment early.
            self.set_alarm();
        }
    }

    /// Starts nothing more and tells what runs to stop.
    fn stop(&mut self) {
        self.send_gathered();
        self.start_nothing_more(ReasonClass::NoTime);
        for flight in self.flights.values() {
            if let Stage::Running(running) = &flight.stage {
                running.stop();
            }
        }
    }

    /// Settles what was not handed out.
    pub(super) fn start_nothing_more(&mut self, class: ReasonClass) {
        (self.acquiring, self.permit) = (None, None);
        self.suspects.clear();
        self.room = None;
        let flights = &self.flights;
        self.schedule.close(class, |index| flights.contains_key(&index));
    }

    /// Leaves behind the handlers that did not yield: failed, and not released, for they may still be at it.
    fn abandon(&mut self) {
        let is_running = |flight: &Flight| matches!(flight.stage, Stage::Running(_));
        let running: Vec<_> = self.flights.iter().filter(|(_, flight)| is_running(flight)).map(|(i, _)| *i).collect();
        running.into_iter().for_each(|index| self.leave_behind(index));
    }

    /// Leaves one handler behind, if it still runs.
    pub(super) fn leave_behind(&mut self, index: usize) {
        let Some(ran) = self.note_run(index) else { return };
        // It never starts: it was told to stop, and looks at that before its first step and before its handler.
        let unstarted = || Outcome::NotStarted(Reason::new(ReasonClass::NoThread));
        self.land(index, if ran.runs == 0 { unstarted() } else { retry(ReasonClass::Abandoned) });
    }

    /// Settles whatever waits for the store: the answer must go out.
    fn cut(&mut self) {
        for (index, flight) in std::mem::take(&mut self.flights) {
            let outcome = match flight.stage {
                Stage::Claiming(_) => retry(ReasonClass::ClaimUnknown),
                Stage::Running(_) => retry(ReasonClass::Abandoned),
                Stage::Settling { .. } if self.shared.seams.slips.cut_as_success => Outcome::Done,
                Stage::Settling { cut } => cut,
            };
            self.schedule.settle(index, outcome);
        }
        self.stored.clear();
        self.letters.clear();
    }

    /// How long the queue may be told something from now: a share of what is left, and the last eighth of the reserve but one where
    /// nothing is. Where no deadline is known a client that never answers would hold the batch for ever.
    pub(super) fn time_for_the_queue(&self) -> Duration {
        let now = self.shared.seams.clock.monotonic();
        self.deadline.map_or(Deadline::LONGEST_TELLING, |deadline| deadline.share_for_the_queue(now))
    }
}
