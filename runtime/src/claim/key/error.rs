//! Why a record has no key.

use std::fmt;

use crate::outcome::Reason;

/// Why a record has no key. The same record will never have one, and it is never run unguarded. Quotes no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// It is absent, null or empty.
    Missing,
    /// It is there, and names nothing exactly.
    Bad {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Its envelope cannot be opened. The record is rejected for the reason that the extractor of its handler would have.
    Closed(Reason),
}

impl KeyError {
    pub(super) fn bad(problem: &'static str) -> Self {
        Self::Bad { problem }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is absent, null or empty"),
            Self::Bad { problem } => f.write_str(problem),
            Self::Closed(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for KeyError {}
