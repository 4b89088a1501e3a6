//! A queue that the environment sets.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;

use super::{Backoff, Queue, SqsClient, backoff::LONGEST};
use crate::{Error, error::Kind};

impl SqsClient {
    /// A client with credentials, region and endpoint as every AWS SDK finds them, and the SDK's own HTTPS client.
    pub async fn from_env() -> Self {
        let config = aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await;
        Self::new(Client::new(&config))
    }
}

impl Queue {
    /// Tells the queue through a client with credentials, region and endpoint as every AWS SDK finds them.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `SQS_RUNTIME_BACKOFF_SECONDS` | how long a message that failed stays hidden before its second try, at most: whole seconds up to 3600. After each further failure it is twice as long, an hour at most ([`Backoff::exponential`]). Not set: 30 |
    /// | `SQS_RUNTIME_DEAD_LETTER_QUEUE` | URL or Amazon Resource Name of the [`dead_letter_queue`](Self::dead_letter_queue), or `redrive-policy` for the queue that [the redrive policy](Self::dead_letters_by_redrive_policy) names; not set: rejected messages are left to the redrive policy |
    /// | `SQS_RUNTIME_MAX_RECEIVE_COUNT` | the redrive policy's [`max_receive_count`](Self::max_receive_count), where the role may not ask |
    ///
    /// What the program sets afterwards wins.
    ///
    /// # Errors
    ///
    /// If a variable has a value that it cannot have. No request is made: what the role may not do is found, and said once, when it
    /// is first needed.
    pub async fn from_env() -> Result<Self, Error> {
        Self::new(SqsClient::from_env().await).set_by_env()
    }

    pub(crate) fn set_by_env(self) -> Result<Self, Error> {
        self.set_by(setting)
    }

    fn set_by(self, setting: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let queue = match setting("SQS_RUNTIME_BACKOFF_SECONDS") {
            None => self,
            Some(seconds) => self.backoff(backoff(&seconds)?),
        };
        let queue = match setting("SQS_RUNTIME_DEAD_LETTER_QUEUE").as_deref() {
            None => queue,
            Some("redrive-policy") => queue.dead_letters_by_redrive_policy(),
            Some(name) if name.starts_with("arn:") || name.contains("://") => queue.dead_letter_queue(name),
            Some(_) => return Err(not_a("SQS_RUNTIME_DEAD_LETTER_QUEUE", "a queue's URL or ARN, or `redrive-policy`")),
        };
        match setting("SQS_RUNTIME_MAX_RECEIVE_COUNT").map(|count| count.parse()) {
            None => Ok(queue),
            Some(Ok(count)) => Ok(queue.max_receive_count(count)),
            Some(Err(_)) => Err(not_a("SQS_RUNTIME_MAX_RECEIVE_COUNT", "a number of receives")),
        }
    }
}

fn backoff(seconds: &str) -> Result<Backoff, Error> {
    let base = seconds.parse().ok().map(Duration::from_secs).filter(|base| *base <= LONGEST);
    let base = base.ok_or_else(|| not_a("SQS_RUNTIME_BACKOFF_SECONDS", "a whole number of seconds, at most 3600"))?;
    Ok(Backoff::exponential(base, LONGEST))
}

fn not_a(name: &str, what: &str) -> Error {
    Kind::Settings(format!("{name} has to be {what}")).into()
}

#[expect(clippy::disallowed_methods, reason = "a `from_env` constructor reads the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The queue as these settings have it, as it shows itself.
    fn set(settings: &[(&str, &str)]) -> Result<String, String> {
        let config = aws_sdk_sqs::Config::builder().behavior_version(BehaviorVersion::v2026_01_12()).build();
        let queue = Queue::new(SqsClient::new(Client::from_conf(config)));
        let setting = |name: &str| settings.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
        queue.set_by(setting).map(|queue| format!("{queue:?}")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_set_is_what_the_queue_is_told() {
        let nothing = set(&[]).expect("nothing is wrong");
        assert!(
            nothing.contains("(exponential, 30s to 3600s), dead_letters: false, max_receive_count: None"),
            "{nothing}"
        );
        let settings = [
            ("SQS_RUNTIME_BACKOFF_SECONDS", "2"),
            ("SQS_RUNTIME_DEAD_LETTER_QUEUE", "redrive-policy"),
            ("SQS_RUNTIME_MAX_RECEIVE_COUNT", "5"),
        ];
        let all = set(&settings).expect("nothing is wrong");
        assert!(all.contains("(exponential, 2s to 3600s), dead_letters: true, max_receive_count: Some(5)"), "{all}");
        assert!(set(&[("SQS_RUNTIME_BACKOFF_SECONDS", "3600")]).is_ok_and(|queue| queue.contains("3600s to 3600s")));
    }

    #[test]
    fn a_value_that_cannot_be_stops_the_start() {
        for wrong in ["soon", "-1", "1.5", "3601", "99999999999999999999"] {
            let error = "SQS_RUNTIME_BACKOFF_SECONDS has to be a whole number of seconds, at most 3600";
            assert_eq!(set(&[("SQS_RUNTIME_BACKOFF_SECONDS", wrong)]), Err(error.to_owned()), "{wrong}");
        }
        for (name, wrong) in [("SQS_RUNTIME_DEAD_LETTER_QUEUE", "dead"), ("SQS_RUNTIME_MAX_RECEIVE_COUNT", "many")] {
            assert!(set(&[(name, wrong)]).is_err_and(|error| error.starts_with(name)), "{name}");
        }
    }
}
