//! Events as files, kept by hand.

use std::{fmt, io, path::PathBuf, time::SystemTime};

use super::{Redactor, file::Files, redact};
use crate::clock::epoch_ms;

/// Keeps events as files that `Event::from_file` of the test kit and `replay` read, redacted: what a deployment does where
/// `SQS_RUNTIME_RECORD` names a folder, as a value.
///
/// Receipt handles, accounts, senders, groups and attributes are replaced, bodies come down to their shape.
///
/// ```
/// use sqs_runtime::run::Fixtures;
///
/// let event = r#"{"Records":[{"messageId":"m-1","receiptHandle":"AQEB","body":"{\"orderId\":\"A-1\"}"}]}"#;
/// let redacted = Fixtures::redacted(event);
/// let expected = r#"{"Records":[{"messageId":"m-1","receiptHandle":"handle-1","body":"{\"orderId\":\"string\"}"}]}"#;
/// assert_eq!(redacted.trim_end(), expected);
/// ```
pub struct Fixtures {
    files: Files,
    redactor: Option<Redactor>,
}

impl Fixtures {
    /// Keeps them in that folder, which is not made: a name that was mistyped shows.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { files: Files::new(folder.into()), redactor: None }
    }

    /// What stands in a file for the text of a body, and for the text of a message attribute, instead of its shape. Accounts are replaced
    /// in what it gives.
    #[must_use]
    pub fn record_bodies(self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { redactor: Some(Redactor::new(redact)), ..self }
    }

    /// Keeps one event under a name of that time, and says in which file. `None` where the folder has its 100 files or 64 MiB
    /// already, those of other processes included.
    ///
    /// # Errors
    ///
    /// If the file cannot be written, or would have more than 6 MiB.
    pub fn keep(&mut self, event: &str, at: SystemTime) -> io::Result<Option<PathBuf>> {
        self.files.write(&redact::event(event, self.redactor.as_ref()), epoch_ms(at))
    }

    /// The event as it is kept without a function of yours: one line of JSON.
    #[must_use]
    pub fn redacted(event: &str) -> String {
        redact::event(event, None)
    }
}

impl fmt::Debug for Fixtures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixtures").field("folder", &self.files.folder()).finish_non_exhaustive()
    }
}
