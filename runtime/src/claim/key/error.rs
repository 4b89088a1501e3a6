//! Why a record has no key.

use std::fmt;

/// Why a record has no key. The same record will never have one, and it is never run unguarded. Quotes no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// It is absent, null or empty.
    Missing,
    /// It is there, and names nothing exactly.
    Bad {
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl KeyError {
    pub(super) fn bad(problem: &'static str) -> Self {
        Self::Bad { problem }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is absent, null or empty",
            Self::Bad { problem } => problem,
        })
    }
}

impl std::error::Error for KeyError {}
