//! Why an invocation has to fail although its event was understood.

use std::fmt;

/// The invocation fails, so that Lambda returns the whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedInvocation {
    cause: Cause,
    failed: usize,
    records: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Records failed that have no message id: a partial batch response cannot name them.
    Unnamed,
    /// What succeeded was deleted already; the answer must hold whether or not failures are read from it.
    Acknowledged,
    /// The consumer's own condition.
    Chosen,
}

impl FailedInvocation {
    pub(crate) fn unnamed(failed: usize, records: usize) -> Self {
        Self { cause: Cause::Unnamed, failed, records }
    }

    pub(crate) fn acknowledged(failed: usize, records: usize) -> Self {
        Self { cause: Cause::Acknowledged, failed, records }
    }

    pub(crate) fn chosen(failed: usize, records: usize) -> Self {
        Self { cause: Cause::Chosen, failed, records }
    }

    /// Whether the cause is that failures have no name.
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.cause == Cause::Unnamed
    }

    /// The name that a host reports it under.
    #[cfg(feature = "lambda")]
    pub(crate) fn type_name(self) -> &'static str {
        match self.cause {
            Cause::Unnamed => "UnreportableFailure",
            Cause::Acknowledged => "NotAllAcknowledged",
            Cause::Chosen => "FailedByPolicy",
        }
    }
}

impl fmt::Display for FailedInvocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, failed, records } = self;
        match cause {
            Cause::Unnamed => write!(
                f,
                "{failed} of {records} records have no readable message id and cannot be reported one by one; \
                 the invocation fails so that none of them is deleted"
            ),
            Cause::Acknowledged => write!(
                f,
                "{failed} of {records} messages did not succeed; the others are deleted already, \
                 and the invocation fails so that these come back whether or not their names are read"
            ),
            Cause::Chosen => write!(
                f,
                "{failed} of {records} messages did not succeed; the invocation fails, as configured, \
                 so that the queue is polled more slowly"
            ),
        }
    }
}

impl std::error::Error for FailedInvocation {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_invocation_says_why_and_how_many() {
        for (failed, is_unnamed, says) in [
            (FailedInvocation::unnamed(1, 3), true, "1 of 3 records have no readable message id"),
            (
                FailedInvocation::acknowledged(2, 3),
                false,
                "2 of 3 messages did not succeed; the others are deleted already",
            ),
            (
                FailedInvocation::chosen(2, 3),
                false,
                "2 of 3 messages did not succeed; the invocation fails, as configured",
            ),
        ] {
            assert!(failed.to_string().starts_with(says), "{failed}");
            assert_eq!(failed.is_unnamed(), is_unnamed, "{says}");
        }
    }
}
