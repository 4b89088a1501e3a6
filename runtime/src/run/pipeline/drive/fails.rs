//! Whether the invocation fails, decided before the queue is told.
//!
//! Of an invocation that failed Lambda gives everything back, what is done too. Were that left to it, a batch that fails again and again
//! would spend the receives of what is done with it, until that lies in the dead-letter queue.

use super::Drive;
use crate::run::pipeline::schedule::Slot;

/// Whether the invocation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fails {
    /// The answer names what failed.
    No,
    /// No answer could name it.
    OfItself,
    /// The host's condition holds.
    ByChoice,
}

impl Drive {
    /// What can be said of the batch now is all that the answer will say, but for how long SQS hides what failed.
    pub(super) fn whether_it_fails(&self) -> Fails {
        let condition = self.invocation.fails_when();
        if self.schedule.slots().all(Slot::is_success) || (condition.is_none() && self.shared.queue.is_none()) {
            return Fails::No;
        }
        let report = self.report(self.schedule.slots().cloned().collect());
        if report.response().is_err() {
            Fails::OfItself
        } else if condition.is_some_and(|condition| condition.holds(&report)) {
            Fails::ByChoice
        } else {
            Fails::No
        }
    }
}
