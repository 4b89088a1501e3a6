//! Where a process can die.

use std::{fmt, sync::Arc};

/// The call that commits what a handler wants written.
pub(super) const TRANSACTION: &str = "transaction";

/// A moment at which the check killed a process. It reads as `in the handler of m-1, at its wait 2`, as
/// ``at the effect `charged m-1`, after it happened`` or as `inside the completion, after it landed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillPoint(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A handler waits for the n-th time.
    Handler { message: Arc<str>, wait: usize },
    /// A call on the double of what is outside is under way.
    Effect { what: Arc<str>, moment: Moment },
    /// A call to the store is under way.
    Store { call: &'static str, moment: Moment },
}

/// How far a call has come.
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

    pub(super) fn at_effect(what: &str, moment: Moment) -> Self {
        Self(Place::Effect { what: what.into(), moment })
    }

    pub(super) fn in_store(call: &'static str, moment: Moment) -> Self {
        Self(Place::Store { call, moment })
    }
}

impl KillPoint {
    /// Whether something of a handler's is tried here, whatever else is under way: an effect, or the writes that it left.
    pub(super) fn is_of_a_handler(&self) -> bool {
        match &self.0 {
            Place::Handler { .. } | Place::Effect { .. } => true,
            Place::Store { call, .. } => *call == TRANSACTION,
        }
    }
}

impl fmt::Display for KillPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Handler { message, wait } => write!(f, "in the handler of {message}, at its wait {wait}"),
            Place::Effect { what, moment: Moment::Before } => write!(f, "at the effect `{what}`, before it happened"),
            Place::Effect { what, moment: Moment::After } => write!(f, "at the effect `{what}`, after it happened"),
            Place::Store { call, moment: Moment::Before } => write!(f, "inside the {call}, before it was sent"),
            Place::Store { call, moment: Moment::After } => write!(f, "inside the {call}, after it landed"),
        }
    }
}
