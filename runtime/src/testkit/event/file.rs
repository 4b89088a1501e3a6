//! Recorded events, from their files.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use super::Event;
use crate::batch::EventError;

impl Event {
    /// The event in that file, which has one. Tests of a package run in its own folder, so that is where a relative path starts.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or holds no SQS event; the error names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, EventFileError> {
        let path = path.as_ref();
        let error = |cause| EventFileError { path: path.to_owned(), cause };
        let text = fs::read_to_string(path).map_err(|cause| error(Cause::Read(cause)))?;
        Self::from_json(&text).map_err(|cause| error(Cause::Event(cause)))
    }
}

/// A file that holds no event.
#[derive(Debug)]
pub struct EventFileError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Read(io::Error),
    Event(EventError),
}

impl fmt::Display for EventFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            Cause::Read(error) => write!(f, "{path}: {error}"),
            Cause::Event(error) => write!(f, "{path}: {error}"),
        }
    }
}

impl std::error::Error for EventFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            // Their own text stands in ours already.
            Cause::Read(error) => error.source(),
            Cause::Event(error) => error.source(),
        }
    }
}
