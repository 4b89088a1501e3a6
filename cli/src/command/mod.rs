//! The command line: one file for each subcommand.
//!
//! Exit codes: 0 where all is well, 1 where something was found, 2 where the question could not be understood or answered.

#[cfg(feature = "aws")]
mod aws;
mod doctor;
mod plan;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

/// Tools around a consumer of Amazon SQS.
#[derive(Parser)]
#[command(name = "sqs-runtime", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Doctor(doctor::Arguments),
    // Boxed: it has many options.
    Plan(Box<plan::Arguments>),
    #[cfg(feature = "aws")]
    #[command(flatten)]
    Aws(aws::Command),
}

/// How a subcommand ended.
enum Ended {
    /// With this on standard output.
    Well(String),
    /// With this on standard output, which is not what one hopes for.
    Found(String),
    /// With the reason why it could not be done.
    Refused(String),
}

const FOUND: u8 = 1;
const REFUSED: u8 = 2;

/// Runs the command line `arguments`, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>, out: &mut impl Write, errors: &mut impl Write) -> ExitCode {
    let ended = match CommandLine::try_parse_from(arguments) {
        Ok(CommandLine { command: Command::Doctor(arguments) }) => doctor::main(&arguments, errors),
        Ok(CommandLine { command: Command::Plan(arguments) }) => plan::main(&arguments),
        #[cfg(feature = "aws")]
        Ok(CommandLine { command: Command::Aws(command) }) => aws::main(&command, errors),
        Err(usage) if usage.use_stderr() => Ended::Refused(usage.to_string()),
        Err(help) => Ended::Well(help.to_string()),
    };
    let (text, code) = match ended {
        Ended::Well(text) => (text, ExitCode::SUCCESS),
        Ended::Found(text) => (text, FOUND.into()),
        Ended::Refused(reason) => {
            // Nobody reads it where standard error is closed.
            let _ = writeln!(errors, "{}", reason.trim_end());
            return REFUSED.into();
        }
    };
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Ok(()) => code,
        Err(error) => {
            let _ = writeln!(errors, "standard output: {error}");
            REFUSED.into()
        }
    }
}
