//! The program's own subcommands, beside what `sqs_runtime::run` does: one file for each.
//!
//! A subcommand is a name in [`run`], a line in the usage and a file with a `main` that takes the rest of the command line.

mod arguments;
mod create_queue;
mod create_tables;
mod probe;
mod provider;
mod publish;
mod relay;
mod status;

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use lexopt::prelude::*;

const USAGE: &str = "\
The shop of the README: a consumer, and what a shop has around it.

usage: orders create-tables
       orders create-queue NAME
       orders probe ADDRESS
       orders provider --port P [--lose-replies P] [--unavailable P] [--seed N]
       orders publish --count N --queue-url URL [--rate R] [--twice P] [--seed N] [--fifo-groups G]
       orders relay --queue-url URL [--once]
       orders status ORDER-ID [--queue NAME]
       orders worker --queue-url URL (below)
       orders replay FILE... (below)

With --help a subcommand says more. The consumer charges at PAYMENT_URL, such as http://127.0.0.1:9000; where it is not set,
at a provider in its own memory. With ORDERS_TABLE, STOCK_TABLE and OUTBOX_TABLE it keeps what was ordered. With
SQS_RUNTIME_DEAD_LETTER_QUEUE, a URL or ARN, rejected orders go there at once. Failed ones wait by a backoff that begins with
SQS_RUNTIME_BACKOFF_SECONDS (30).

";

/// Runs the subcommand that the command line names. `None` where it names none of ours: then the consumer runs.
pub async fn run(mut command_line: lexopt::Parser) -> Option<ExitCode> {
    let name = match command_line.next() {
        Ok(Some(Value(name))) => name,
        Ok(Some(Long("help") | Short('h'))) => {
            tell(USAGE);
            return None;
        }
        _ => return None,
    };
    // Boxed: the consumer's `main` should not carry them.
    let ended = match name.to_str()? {
        "create-queue" => Box::pin(create_queue::main(command_line)).await,
        "create-tables" => Box::pin(create_tables::main(command_line)).await,
        "probe" => Box::pin(probe::main(command_line)).await,
        "provider" => Box::pin(provider::main(command_line)).await,
        "publish" => Box::pin(publish::main(command_line)).await,
        "relay" => Box::pin(relay::main(command_line)).await,
        "status" => Box::pin(status::main(command_line)).await,
        _ => return None,
    };
    Some(exit_code(ended))
}

/// Why a subcommand ended early.
enum Stop {
    /// It was asked for its usage.
    Help(&'static str),
    /// Its command line is not understood.
    Usage(String),
    /// It could not do its work.
    Failed(String),
}

impl Stop {
    fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<lexopt::Error> for Stop {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

fn exit_code(ended: Result<(), Stop>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Help(usage)) => {
            tell(usage);
            ExitCode::SUCCESS
        }
        Err(Stop::Usage(text)) => {
            tell(&format!("{text}; see --help\n"));
            ExitCode::from(2)
        }
        Err(Stop::Failed(text)) => {
            tell(&format!("{text}\n"));
            ExitCode::FAILURE
        }
    }
}

/// A line of the subcommand's output. Others wait for it, so where it cannot be written the subcommand has failed.
fn say(line: impl fmt::Display) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Stop::failed)
}

/// Text for people. Nobody reads it where standard error is closed.
fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
