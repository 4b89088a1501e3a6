//! Where a process can die.

use std::{fmt, sync::Arc};

/// A moment at which the check killed a process. It reads as `in the handler of m-1, at its wait 2`, or as
/// `inside the completion, after it landed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillPoint(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A handler waits for the n-th time.
    Handler { message: Arc<str>, wait: usize },
    /// A call to the store is under way.
    Store { call: &'static str, moment: Moment },
}

/// How far a call to the store has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// It is not sent: nothing was written, and never will be.
    Before,
    /// It did what it does, and its answer is not read.
    After,
}

impl KillPoint {
    pub(super) fn in_handler(message: &Arc<str>, wait: usize) -> Self {
        Self(Place::Handler { message: Arc::clone(message), wait })
    }

    pub(super) fn in_store(call: &'static str, moment: Moment) -> Self {
        Self(Place::Store { call, moment })
    }
}

impl fmt::Display for KillPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Handler { message, wait } => write!(f, "in the handler of {message}, at its wait {wait}"),
            Place::Store { call, moment: Moment::Before } => write!(f, "inside the {call}, before it was sent"),
            Place::Store { call, moment: Moment::After } => write!(f, "inside the {call}, after it landed"),
        }
    }
}
