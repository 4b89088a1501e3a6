//! What the command line asks for.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::worker;

/// What the command line asks for.
pub(crate) enum Ask {
    /// Whether the options are understood, before anything is built for them.
    Check,
    /// The names of the packages that have to be built, a line for each.
    Packages,
    /// A run.
    Run(Args),
    /// A run of `orders` alone, for people.
    Local(Args),
    /// A run with workers.
    Work(worker::Args),
}

/// A run.
pub(crate) struct Args {
    /// Where the emulator answers.
    pub(crate) endpoint: String,
    /// The folder in which cargo-lambda leaves a folder for each function.
    pub(crate) packaged: PathBuf,
    pub(crate) messages: usize,
    pub(crate) seed: u64,
}

impl Ask {
    pub(crate) fn parse(mut command_line: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let (mut endpoint, mut packaged, mut messages, mut seed) = (None, None, 2_000, 1);
        let (mut program, mut logs, mut workers, mut kill) = (None, None, 3, 1);
        let (mut is_local, mut is_check) = (false, false);
        while let Some(argument) = command_line.next()? {
            match argument {
                Long("packages") => return Ok(Self::Packages),
                Long("check") => is_check = true,
                Long("local") => is_local = true,
                Long("endpoint") => endpoint = Some(command_line.value()?.string()?),
                Long("packaged") => packaged = Some(PathBuf::from(command_line.value()?)),
                Long("worker") => program = Some(PathBuf::from(command_line.value()?)),
                Long("logs") => logs = Some(PathBuf::from(command_line.value()?)),
                Long("workers") => workers = command_line.value()?.parse()?,
                Long("kill") => kill = command_line.value()?.parse()?,
                Long("messages") => messages = command_line.value()?.parse()?,
                Long("seed") => seed = command_line.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        if messages == 0 {
            return Err("--messages takes a number above 0".into());
        }
        if workers == 0 || kill > workers {
            return Err("--workers takes a number above 0, and --kill no more than that".into());
        }
        if is_check {
            return Ok(Self::Check);
        }
        let endpoint = endpoint.ok_or("--endpoint is missing: start `tests/e2e/lambda`")?;
        if let Some((program, logs)) = program.zip(logs) {
            return Ok(Self::Work(worker::Args { endpoint, program, logs, messages, workers, kill, seed }));
        }
        let packaged = packaged.ok_or("--packaged is missing: start `tests/e2e/lambda`")?;
        let args = Args { endpoint, packaged, messages, seed };
        Ok(if is_local { Self::Local(args) } else { Self::Run(args) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[&str]) -> Result<Ask, lexopt::Error> {
        Ask::parse(lexopt::Parser::from_args(options))
    }

    #[test]
    fn options_are_judged_without_what_a_run_needs() {
        assert!(matches!(parse(&["--check", "--messages", "20000", "--seed", "7"]), Ok(Ask::Check)));
        assert!(matches!(parse(&["--check", "--workers", "2", "--kill", "2"]), Ok(Ask::Check)));
        for wrong in
            [["--messages", "0"], ["--messages", "many"], ["--kill", "4"], ["--workers", "0"], ["--seeds", "1"]]
        {
            assert!(parse(&[&["--check"], &wrong[..]].concat()).is_err(), "{wrong:?}");
        }
        assert!(parse(&["--messages", "1"]).is_err_and(|error| error.to_string().contains("--endpoint is missing")));
    }
}
