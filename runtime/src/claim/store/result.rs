//! What a row keeps of a handler's result.

use std::fmt;

use serde::Serialize;

/// What a row keeps of a handler's result.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoredResult {
    /// Nothing: results are not kept.
    #[default]
    Nothing,
    /// The result, as JSON; a replay gives back these very bytes.
    Kept(Box<str>),
    /// A note that there was a result which could not be kept: it was too large, or no JSON can say it.
    Omitted,
}

impl StoredResult {
    /// What is kept of a value: its JSON if that has at most so many bytes.
    pub(crate) fn of(value: &impl Serialize, max_bytes: usize) -> Self {
        match serde_json::to_string(value) {
            Ok(json) if json.len() <= max_bytes => Self::Kept(json.into()),
            Ok(_) | Err(_) => Self::Omitted,
        }
    }

    /// The JSON, where it was kept.
    #[must_use]
    pub fn json(&self) -> Option<&str> {
        match self {
            Self::Kept(json) => Some(json),
            Self::Nothing | Self::Omitted => None,
        }
    }
}

impl fmt::Debug for StoredResult {
    /// A result may be as private as a payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Kept(_) => "Kept(redacted)",
            Self::Omitted => "Omitted",
        })
    }
}
