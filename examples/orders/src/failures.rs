//! What the queue is told about orders that failed, by the environment.

use std::{error::Error, fmt, time::Duration};

use sqs_runtime::{
    Consumer,
    queue::{Backoff, Queue},
};

/// How long an order that failed waits at most, however often it failed before.
const LONGEST: Duration = Duration::from_secs(3_600);

/// `BACKOFF_SECONDS` says something else than a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotSeconds;

/// The consumer, which tells its queue about failures where `SQS_RUNTIME_DEAD_LETTER_QUEUE` says where dead letters go. An order that is
/// rejected then goes there at once, with the reason, and one that failed waits by a backoff: at most `BACKOFF_SECONDS` (30) before its
/// second try, and twice as long after each further one. Without that setting failures are reported and nothing else; so they are by
/// `replay`, for what it reads is over and the real queue has nothing to hear of it.
///
/// # Errors
///
/// If a setting has a value that it cannot have.
pub async fn told(consumer: Consumer) -> Result<Consumer, Box<dyn Error>> {
    // Lambda sets the second for every runtime, and so do local emulators.
    if setting("SQS_RUNTIME_DEAD_LETTER_QUEUE").is_none() || setting("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Ok(consumer);
    }
    Ok(consumer.queue(Queue::from_env().await?.backoff(backoff(setting("BACKOFF_SECONDS").as_deref())?)))
}

fn backoff(seconds: Option<&str>) -> Result<Backoff, NotSeconds> {
    let Some(seconds) = seconds else { return Ok(Backoff::default()) };
    let base = Duration::from_secs(seconds.parse().map_err(|_| NotSeconds)?);
    Ok(Backoff::exponential(base, LONGEST))
}

#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl fmt::Display for NotSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BACKOFF_SECONDS has to be a whole number of seconds")
    }
}

impl Error for NotSeconds {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_is_whole_seconds() {
        let shown = |seconds| backoff(seconds).map(|backoff| format!("{backoff:?}"));
        assert_eq!(shown(Some("2")), Ok("Backoff(exponential, 2s to 3600s)".into()));
        assert_eq!(shown(None), Ok(format!("{:?}", Backoff::default())));
        for wrong in ["soon", "-1", "1.5"] {
            assert_eq!(shown(Some(wrong)), Err(NotSeconds), "{wrong}");
        }
    }
}
