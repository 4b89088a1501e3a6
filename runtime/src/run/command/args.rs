//! What the command line says.

use std::str::FromStr;

use lexopt::prelude::*;

#[cfg(all(feature = "worker", feature = "sqs", feature = "env"))]
use crate::run::worker;
use crate::{Error, error::Kind, run::replay};

pub(super) const USAGE: &str = "\
Runs SQS messages through this consumer.

usage: worker --queue-url URL... [--concurrency N] [--until-empty] [--drain SECONDS] [--max-duration SECONDS]
              [--health ADDRESS]
       replay FILE... [--redeliver N] [--deadline-ms N]

worker receives messages itself until it gets SIGTERM or SIGINT; a second signal ends it at once.
  --queue-url URL         a queue, by URL or Amazon Resource Name; may be repeated; else what SQS_RUNTIME_QUEUE_URL says
  --concurrency N         how many messages run at a time
  --until-empty           end once there is nothing to receive
  --drain SECONDS         how long a stop may take (25)
  --max-duration SECONDS  how long the handler of one message may run (42600)
  --health ADDRESS        answer /healthz, /readyz and /metrics: 8080 for this machine alone, 0.0.0.0:8080 for all

replay runs recorded events, and tells no queue of it.
  FILE             a file of events, each a JSON value {\"Records\":[..]}; several may follow each other; - is standard input
  --redeliver N    deliver each event N more times, with raised receive counts and new receipt handles
  --deadline-ms N  the time that each delivery gets
  Standard output: one line for each delivery, the partial batch response. Standard error: a table for people, and the log.

Exit code: 0 where all of it was done, 1 where the worker could not work, 2 where an event could not be answered or this was not understood.
Under Lambda (AWS_LAMBDA_RUNTIME_API is set) the same program serves invocations.";

pub(super) enum Command {
    Replay(replay::Args),
    #[cfg(all(feature = "worker", feature = "sqs", feature = "env"))]
    Worker(worker::Args),
    #[cfg(not(all(feature = "worker", feature = "sqs", feature = "env")))]
    Worker,
    Help,
}

#[expect(clippy::disallowed_methods, reason = "`run` is the program's command line")]
pub(super) fn from_command_line() -> Result<Command, Error> {
    parse(lexopt::Parser::from_args(std::env::args_os().skip(1))).map_err(|error| Kind::Usage(error.to_string()).into())
}

fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    match parser.next()? {
        Some(Value(command)) if command == "replay" => {
            Ok(replay::Args::parse(&mut parser)?.map_or(Command::Help, Command::Replay))
        }
        #[cfg(all(feature = "worker", feature = "sqs", feature = "env"))]
        Some(Value(command)) if command == "worker" => {
            Ok(worker::Args::parse(&mut parser)?.map_or(Command::Help, Command::Worker))
        }
        #[cfg(not(all(feature = "worker", feature = "sqs", feature = "env")))]
        Some(Value(command)) if command == "worker" => Ok(Command::Worker),
        Some(Long("help") | Short('h')) => Ok(Command::Help),
        Some(Value(other)) => Err(format!("unknown command {}", other.to_string_lossy()).into()),
        Some(other) => Err(other.unexpected()),
        None => Err("a command is missing".into()),
    }
}

/// The number that follows an option.
pub(in crate::run) fn number<N: FromStr>(parser: &mut lexopt::Parser, option: &str) -> Result<N, lexopt::Error> {
    let value = parser.value()?;
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{option} takes a whole number, not {}", value.to_string_lossy()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_says_so() {
        for (args, says) in [
            (&["serve"][..], "unknown command serve"),
            (&[][..], "a command is missing"),
            (&["replay"][..], "a file is missing"),
            (&["replay", "a", "--redeliver", "many"][..], "--redeliver takes a whole number, not many"),
            (&["replay", "a", "--twice"][..], "invalid option '--twice'"),
        ] {
            let error = parse(lexopt::Parser::from_args(args)).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(says), "{args:?}: {error}");
        }
    }
}
