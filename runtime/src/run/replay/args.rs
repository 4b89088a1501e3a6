//! The command line's arguments.

use std::{path::PathBuf, str::FromStr, time::Duration};

use lexopt::prelude::*;

use super::Replay;
use crate::{Error, error::Kind};

pub(super) const USAGE: &str = "\
Runs recorded SQS events through this consumer.

usage: replay FILE... [--redeliver N] [--deadline-ms N]

  FILE             a file of events, each a JSON value {\"Records\":[..]}; several may follow each other; - is standard input
  --redeliver N    deliver each event N more times, with raised receive counts and new receipt handles
  --deadline-ms N  the time that each delivery gets

Standard output: one line for each delivery, the partial batch response. Standard error: a table for people, and the log.
Exit code: 0 where every event was answered, 2 where one was not.
Under Lambda (AWS_LAMBDA_RUNTIME_API is set) the same program serves invocations.";

pub(super) enum Command {
    Replay(Args),
    Help,
}

pub(super) struct Args {
    pub(super) files: Vec<PathBuf>,
    pub(super) replay: Replay,
}

#[expect(clippy::disallowed_methods, reason = "`run` is the program's command line")]
pub(super) fn from_command_line() -> Result<Command, Error> {
    parse(lexopt::Parser::from_args(std::env::args_os().skip(1))).map_err(|error| usage(&error.to_string()))
}

fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut files = Vec::new();
    let mut replay = Replay::new();
    match parser.next()? {
        Some(Value(command)) if command == "replay" => {}
        Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(Value(other)) => return Err(format!("unknown command {}", other.to_string_lossy()).into()),
        Some(other) => return Err(other.unexpected()),
        None => return Err("a command is missing".into()),
    }
    while let Some(argument) = parser.next()? {
        match argument {
            Value(path) => files.push(PathBuf::from(path)),
            Long("redeliver") => replay = replay.redeliver(number(&mut parser, "--redeliver")?),
            Long("deadline-ms") => {
                replay = replay.deadline(Duration::from_millis(number(&mut parser, "--deadline-ms")?));
            }
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    if files.is_empty() {
        return Err("a file is missing".into());
    }
    Ok(Command::Replay(Args { files, replay }))
}

fn number<N: FromStr>(parser: &mut lexopt::Parser, option: &str) -> Result<N, lexopt::Error> {
    let value = parser.value()?;
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{option} takes a whole number, not {}", value.to_string_lossy()).into())
}

fn usage(text: &str) -> Error {
    Kind::Usage(text.to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Command, String> {
        parse(lexopt::Parser::from_args(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn replay_takes_files_and_options_in_any_order() {
        let Ok(Command::Replay(args)) = parsed(&["replay", "--redeliver", "2", "a.json", "--deadline-ms=500", "-"])
        else {
            panic!("not understood");
        };
        assert_eq!(args.files, [PathBuf::from("a.json"), PathBuf::from("-")]);
        assert_eq!((args.replay.redeliver, args.replay.deadline), (2, Some(Duration::from_millis(500))));
    }

    #[test]
    fn what_is_not_understood_says_so() {
        for (args, says) in [
            (&["serve"][..], "unknown command serve"),
            (&[][..], "a command is missing"),
            (&["replay"][..], "a file is missing"),
            (&["replay", "a", "--redeliver", "many"][..], "--redeliver takes a whole number, not many"),
            (&["replay", "a", "--twice"][..], "invalid option '--twice'"),
        ] {
            let error = parsed(args).err().unwrap_or_default();
            assert!(error.starts_with(says), "{args:?}: {error}");
        }
    }
}
