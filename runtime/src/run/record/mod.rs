//! Events as files that a test or `replay` can deliver again, with nothing in them that must not leave their deployment.
//!
//! The Lambda host keeps what it is sent, a worker what it receives, through their `Recorder`; by hand messages are kept through [`Fixtures`]. Both redact by the
//! same rules, and write the same files.

mod account;
mod file;
mod fixtures;
mod object;
#[cfg(any(feature = "lambda", feature = "worker"))]
mod recorder;
mod redact;
mod shape;

use std::{fmt, sync::Arc};

pub use self::fixtures::Fixtures;
#[cfg(any(feature = "lambda", feature = "worker"))]
pub(super) use self::recorder::Recorder;

/// The most files that a folder gets, those of earlier processes included.
const MAX_FILES: usize = 100;

/// The longest event that is recorded, and the longest file: Lambda's own limit for an event.
const MAX_BYTES: usize = 6 * 1024 * 1024;

/// The most bytes that a folder gets: Lambda's `/tmp` has 512 MB unless it was given more, and a handler may want some.
const MAX_FOLDER_BYTES: u64 = 64 * 1024 * 1024;

/// The longest value that is kept as it is: counts, times, ids, types, regions.
const MAX_KEPT: usize = 100;

/// What a user's function makes of a text that must not be kept as it is.
#[derive(Clone)]
pub(crate) struct Redactor(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Redactor {
    pub(super) fn new(redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(redact))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}
