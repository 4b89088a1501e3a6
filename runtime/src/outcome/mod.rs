//! Stage 6, what happened to one record: exactly one [`Outcome`] for each, whatever went wrong.
//!
//! Does no I/O, knows no clock, names no runtime.

mod reason;

pub use self::reason::{Reason, ReasonClass};

/// What happened to one record of a batch. Only [`Done`](Self::Done), [`AlreadyDone`](Self::AlreadyDone) and a copy that the
/// dead-letter queue has confirmed let SQS delete the message; everything else is reported as a batch item failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler succeeded, and that was recorded where idempotency is on.
    Done,
    /// An earlier success was found; the handler did not run.
    AlreadyDone,
    /// It failed in a way that may pass; the message comes back.
    Retry(Reason),
    /// It can never succeed; the message goes to the dead-letter queue, at once where the consumer has one, else when the redrive
    /// policy moves it.
    Rejected(Reason),
    /// Another attempt holds the claim; the handler did not run here.
    InProgressElsewhere,
    /// The handler was not started: no time was left, or an earlier message of its FIFO group failed.
    NotStarted(Reason),
}

impl Outcome {
    /// Whether the message may be deleted.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadyDone) || self.is_dead_lettered()
    }

    /// Whether the message left for the dead-letter queue, which has confirmed its copy.
    #[must_use]
    pub fn is_dead_lettered(&self) -> bool {
        self.reason().is_some_and(Reason::is_dead_lettered)
    }

    /// The same once the dead-letter queue has confirmed a copy of the message.
    pub(crate) fn dead_lettered(self) -> Self {
        match self {
            Self::Retry(reason) => Self::Retry(reason.dead_lettered()),
            Self::Rejected(reason) => Self::Rejected(reason.dead_lettered()),
            other => other,
        }
    }

    /// Whether the message is reported as failed: everything that is not a success.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        !self.is_success()
    }

    /// The outcome's name, as logs and tables show it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyDone => "already done",
            Self::Retry(_) => "retry",
            Self::Rejected(_) => "rejected",
            Self::InProgressElsewhere => "in progress elsewhere",
            Self::NotStarted(_) => "not started",
        }
    }

    /// Why, where there is more to say than the name.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Retry(reason) | Self::Rejected(reason) | Self::NotStarted(reason) => Some(reason),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_done_lets_a_message_go() {
        let reason = || Reason::new(ReasonClass::Deadline);
        for (outcome, name, is_success, has_reason) in [
            (Outcome::Done, "done", true, false),
            (Outcome::AlreadyDone, "already done", true, false),
            (Outcome::Retry(reason()), "retry", false, true),
            (Outcome::Rejected(reason()), "rejected", false, true),
            (Outcome::InProgressElsewhere, "in progress elsewhere", false, false),
            (Outcome::NotStarted(reason()), "not started", false, true),
        ] {
            assert_eq!(outcome.name(), name);
            assert_eq!((outcome.is_success(), outcome.is_failure()), (is_success, !is_success), "{name}");
            assert_eq!(outcome.reason().cloned(), has_reason.then(reason), "{name}");
        }
    }

    /// A copy that is confirmed makes a message done with, but only one that failed: what runs elsewhere is not ours to delete.
    #[test]
    fn a_failure_whose_copy_is_confirmed_lets_its_message_go() {
        let reason = || Reason::new(ReasonClass::Handler);
        for (outcome, goes) in [
            (Outcome::Retry(reason()), true),
            (Outcome::Rejected(reason()), true),
            (Outcome::NotStarted(reason()), false),
            (Outcome::InProgressElsewhere, false),
        ] {
            assert!(!outcome.is_dead_lettered());
            let name = outcome.name();
            let sent = outcome.dead_lettered();
            assert_eq!((sent.name(), sent.is_dead_lettered(), sent.is_success()), (name, goes, goes));
        }
    }
}
