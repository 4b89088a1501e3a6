//! Stage 6, what happened to one record: exactly one [`Outcome`] for each, whatever went wrong.
//!
//! Does no I/O, knows no clock, names no runtime.

mod reason;

pub use self::reason::{Reason, ReasonClass};

/// What happened to one record of a batch. Only [`Done`](Self::Done) and [`AlreadyDone`](Self::AlreadyDone) let SQS delete
/// the message; everything else is reported as a batch item failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The handler succeeded, and that was recorded where idempotency is on.
    Done,
    /// An earlier success was found; the handler did not run.
    AlreadyDone,
    /// It failed in a way that may pass; the message comes back.
    Retry(Reason),
    /// It can never succeed; the message comes back until the redrive policy moves it to the dead-letter queue.
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
        matches!(self, Self::Done | Self::AlreadyDone)
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
