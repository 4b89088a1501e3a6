//! What a double was asked, and when.

use std::{fmt, time::Duration};

/// What was asked of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// Messages that were handed out.
    pub(super) received: usize,
    /// Messages that were deleted.
    pub(super) deleted: usize,
    /// Requests for messages.
    pub(super) receives: usize,
    /// Requests to delete, one message or several.
    pub(super) deletes: usize,
    /// Requests of every other kind.
    pub(super) others: usize,
    /// When the first message was handed out.
    pub(super) began: Option<Duration>,
    /// When the last one was deleted.
    pub(super) ended: Duration,
}

/// Figures in a row, for a script: received, deleted, receives, deletes, others, milliseconds.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { received, deleted, receives, deletes, others, began, ended } = self;
        let took = ended.saturating_sub(began.unwrap_or_default());
        write!(f, "{received} {deleted} {receives} {deletes} {others} {}", took.as_millis())
    }
}
