//! What the command line asks for.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::worker;

/// What the command line asks for.
pub(crate) enum Ask {
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
        let mut is_local = false;
        while let Some(argument) = command_line.next()? {
            match argument {
                Long("packages") => return Ok(Self::Packages),
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
        let endpoint = endpoint.ok_or("--endpoint is missing: start `tests/e2e/lambda`")?;
        if let Some((program, logs)) = program.zip(logs) {
            if workers == 0 || kill > workers {
                return Err("--workers takes a number above 0, and --kill no more than that".into());
            }
            return Ok(Self::Work(worker::Args { endpoint, program, logs, messages, workers, kill, seed }));
        }
        let packaged = packaged.ok_or("--packaged is missing: start `tests/e2e/lambda`")?;
        let args = Args { endpoint, packaged, messages, seed };
        Ok(if is_local { Self::Local(args) } else { Self::Run(args) })
    }
}
