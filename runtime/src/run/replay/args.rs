//! What `replay` is told to run, and how.

use std::{path::PathBuf, time::Duration};

use lexopt::prelude::*;

use super::Replay;
use crate::run::command::number;

pub(in crate::run) struct Args {
    pub(super) files: Vec<PathBuf>,
    pub(super) replay: Replay,
}

impl Args {
    /// What follows the command's name; `None` where help is asked for.
    pub(in crate::run) fn parse(parser: &mut lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut files = Vec::new();
        let mut replay = Replay::new();
        while let Some(argument) = parser.next()? {
            match argument {
                Value(path) => files.push(PathBuf::from(path)),
                Long("redeliver") => replay = replay.redeliver(number(parser, "--redeliver")?),
                Long("deadline-ms") => {
                    replay = replay.deadline(Duration::from_millis(number(parser, "--deadline-ms")?));
                }
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        if files.is_empty() {
            return Err("a file is missing".into());
        }
        Ok(Some(Self { files, replay }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_options_in_any_order() {
        let mut parser = lexopt::Parser::from_args(["--redeliver", "2", "a.json", "--deadline-ms=500", "-"]);
        let args = Args::parse(&mut parser).unwrap().unwrap();
        assert_eq!(args.files, [PathBuf::from("a.json"), PathBuf::from("-")]);
        assert_eq!((args.replay.redeliver, args.replay.deadline), (2, Some(Duration::from_millis(500))));
    }
}
