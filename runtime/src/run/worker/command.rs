//! `worker` on the command line: which queues, through a client from the environment, until a signal.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use lexopt::prelude::*;

use super::{HealthAddress, Worker, WorkerConfig, WorkerQueue, progress, signals};
use crate::{
    Consumer, Error,
    error::Kind,
    queue::{Queue, SqsClient},
    run::{command::number, sinks::with_sinks, spawn::off_the_main_thread, warm::warm},
};

/// What the command line says; what it does not say the program, the environment and the defaults do.
#[derive(Debug, Default)]
pub(in crate::run) struct Args {
    queues: Vec<String>,
    concurrency: Option<usize>,
    until_empty: bool,
    drain: Option<Duration>,
    max_duration: Option<Duration>,
    health: Option<HealthAddress>,
}

impl Args {
    /// What follows the command's name; `None` where help is asked for.
    pub(in crate::run) fn parse(parser: &mut lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut args = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("queue-url") => args.queues.push(parser.value()?.string()?),
                Long("concurrency") => args.concurrency = Some(number(parser, "--concurrency")?),
                Long("until-empty") => args.until_empty = true,
                Long("drain") => args.drain = Some(Duration::from_secs(number(parser, "--drain")?)),
                Long("max-duration") => {
                    args.max_duration = Some(Duration::from_secs(number(parser, "--max-duration")?));
                }
                Long("health") => args.health = Some(parser.value()?.parse()?),
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(args))
    }

    /// These settings over the program's own.
    fn over(self, mut config: WorkerConfig, from_env: Option<String>) -> WorkerConfig {
        let from_env = from_env.filter(|_| self.queues.is_empty() && config.queues.is_empty());
        config.queues.extend(self.queues.into_iter().chain(from_env).map(WorkerQueue::new));
        config.until_empty |= self.until_empty;
        let config = self.drain.into_iter().fold(config, WorkerConfig::drain);
        let config = self.max_duration.into_iter().fold(config, WorkerConfig::max_duration);
        self.health.into_iter().fold(config, WorkerConfig::health)
    }
}

/// Runs the worker until it ends by itself or a signal ends it.
pub(in crate::run) async fn main(consumer: Consumer, config: WorkerConfig, args: Args) -> Result<(), Error> {
    let mut consumer = args.concurrency.into_iter().fold(consumer, Consumer::concurrency);
    let config = args.over(config, queue_from_env());
    if config.queues.is_empty() {
        let missing = "no queue is named: `worker --queue-url URL`, or set SQS_RUNTIME_QUEUE_URL";
        return Err(Kind::Usage(missing.to_owned()).into());
    }
    if consumer.settings.queue.is_none() {
        // A program that says nothing about failures leaves them to the environment.
        consumer.settings.queue = Some(Queue::from_env().await?);
    }
    let consumer = with_sinks(consumer)?;
    warm(&consumer).await;
    let worker = Worker::new(consumer, SqsClient::from_env().await, config)?;
    let handle = worker.handle();
    let signals = signals::obey(handle.clone())?;
    match select(pin!(progress::show(&handle, off_the_main_thread(worker.run()))), pin!(signals)).await {
        Either::Left((ended, _)) => ended,
        Either::Right((never, _)) => match never {},
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever operates the program sets this in its environment")]
fn queue_from_env() -> Option<String> {
    std::env::var("SQS_RUNTIME_QUEUE_URL").ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Args {
        Args::parse(&mut lexopt::Parser::from_args(args)).unwrap().unwrap()
    }

    #[test]
    fn the_command_line_wins_over_the_environment() {
        let args = parsed(&["--queue-url", "one", "--queue-url=two", "--drain", "5", "--until-empty", "--health=80"]);
        let config = args.over(WorkerConfig::new(), Some("three".to_owned()));
        let names: Vec<&str> = config.queues.iter().map(|queue| &*queue.name).collect();
        assert_eq!(names, ["one", "two"]);
        assert!(config.until_empty && config.drain == Duration::from_secs(5));
        assert_eq!(config.health, Some(HealthAddress::from(80)));
        let config = parsed(&[]).over(WorkerConfig::new(), Some("three".to_owned()));
        assert_eq!(config.queues.len(), 1);
    }
}
