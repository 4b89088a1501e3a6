//! How long a message waits that failed, by the program's setting.

use std::{error::Error, fmt, time::Duration};

use sqs_runtime::queue::Backoff;

/// Of a message that was received once, where the setting says nothing.
const FIRST: Duration = Duration::from_secs(30);
/// However often it was received.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Later each time: up to so many seconds after the first receive, twice as many after each further one, an hour at most. Up to 30
/// where the text is empty.
///
/// # Errors
///
/// If it is no whole number of seconds.
pub fn backoff(seconds: &str) -> Result<Backoff, BackoffError> {
    let first =
        if seconds.is_empty() { FIRST } else { Duration::from_secs(seconds.parse().map_err(|_| BackoffError)?) };
    Ok(Backoff::exponential(first, LONGEST))
}

/// The setting cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BackoffError;

impl fmt::Debug for BackoffError {
    /// What `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BackoffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BACKOFF_SECONDS is not a whole number of seconds")
    }
}

impl Error for BackoffError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_whole_seconds() {
        let shown = |seconds| backoff(seconds).map(|backoff| format!("{backoff:?}"));
        assert_eq!(shown("2"), Ok("Backoff(exponential, 2s to 3600s)".into()));
        assert_eq!(shown(""), Ok("Backoff(exponential, 30s to 3600s)".into()));
        for wrong in ["soon", "-1", "1.5"] {
            assert_eq!(shown(wrong), Err(BackoffError), "{wrong}");
        }
    }
}
