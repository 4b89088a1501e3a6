//! What the command line asks for.

use std::{path::PathBuf, time::Duration};

use lexopt::prelude::*;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A DynamoDB that answers no earlier than that.
    Store { delay: Duration },
    /// The comparison.
    Measure(Options),
}

/// How to measure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The Rust sides alone, and few rounds.
    pub(crate) is_quick: bool,
    /// JSON instead of a table.
    pub(crate) is_json: bool,
    /// The folder with the sides that are not Rust; results are written there too.
    pub(crate) folder: PathBuf,
    /// Where their packages are installed.
    pub(crate) packages: PathBuf,
    /// For logs and counts; the script removes it.
    pub(crate) work: PathBuf,
}

impl Ask {
    pub(crate) fn parse(mut command_line: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let (mut command, mut delay, mut is_quick, mut is_json) = (None, None, false, false);
        let (mut folder, mut packages, mut work) = (None, None, None);
        while let Some(argument) = command_line.next()? {
            match argument {
                Value(name) if command.is_none() => command = Some(name.string()?),
                Long("delay-ms") => delay = Some(Duration::from_millis(command_line.value()?.parse()?)),
                Long("quick") => is_quick = true,
                Long("json") => is_json = true,
                Long("folder") => folder = Some(command_line.value()?.into()),
                Long("packages") => packages = Some(command_line.value()?.into()),
                Long("work") => work = Some(command_line.value()?.into()),
                other => return Err(other.unexpected()),
            }
        }
        match (command.as_deref(), delay, folder, packages, work) {
            (Some("store"), Some(delay), None, None, None) => Ok(Self::Store { delay }),
            (Some("measure"), None, Some(folder), Some(packages), Some(work)) => {
                Ok(Self::Measure(Options { is_quick, is_json, folder, packages, work }))
            }
            _ => Err(
                "expected: store --delay-ms N, or measure [--quick] [--json] --folder DIR --packages DIR --work DIR"
                    .into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_what_it_needs_and_nothing_else() {
        let parse = |line: &str| Ask::parse(lexopt::Parser::from_args(line.split(' '))).ok();
        assert_eq!(parse("store --delay-ms 5"), Some(Ask::Store { delay: Duration::from_millis(5) }));
        let options = |is_quick| {
            let (folder, packages, work) = ("f".into(), "p".into(), "w".into());
            Some(Ask::Measure(Options { is_quick, is_json: false, folder, packages, work }))
        };
        assert_eq!(parse("measure --folder f --packages p --work w"), options(false));
        assert_eq!(parse("measure --quick --folder f --packages p --work w"), options(true));
        for wrong in ["", "store", "measure", "store --delay-ms x", "store --delay-ms 5 --folder f", "other"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
