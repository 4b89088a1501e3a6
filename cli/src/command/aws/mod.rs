//! The subcommands that speak to AWS: one file for each, and what they have in common.

mod client;
#[cfg(feature = "live")]
pub(super) mod doctor;
mod explain;
mod forget;
mod peek;
mod record;
mod redrive;
mod send;
mod table;

use std::io::Write;

use clap::{Subcommand, ValueEnum};
use sqs_runtime::queue::QueueName;

use super::Ended;
use crate::terminal::printable;

#[derive(Subcommand)]
pub(super) enum Command {
    Peek(peek::Arguments),
    Explain(explain::Arguments),
    Forget(forget::Arguments),
    Redrive(redrive::Arguments),
    Record(record::Arguments),
    Send(send::Arguments),
}

/// How an answer is told.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where notes for people go, beside the answer.
pub(super) type Notes<'a> = &'a mut dyn Write;

pub(super) fn main(command: &Command, notes: Notes<'_>) -> Ended {
    ended(async {
        match command {
            Command::Peek(arguments) => peek::main(arguments, notes).await,
            Command::Explain(arguments) => explain::main(arguments).await,
            Command::Forget(arguments) => forget::main(arguments).await,
            Command::Redrive(arguments) => redrive::main(arguments, notes).await,
            Command::Record(arguments) => record::main(arguments, notes).await,
            Command::Send(arguments) => send::main(arguments).await,
        }
    })
}

/// How a subcommand ends that waits for AWS.
fn ended(command: impl Future<Output = Result<Ended, String>>) -> Ended {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ended::Refused(error.to_string()),
    };
    runtime.block_on(command).unwrap_or_else(|reason| Ended::Refused(printable_lines(&reason)))
}

/// A note for people. Nobody reads it where standard error is closed.
fn note(notes: Notes<'_>, text: &str) {
    let _ = writeln!(notes, "{}", printable(text));
}

fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// A queue's name without its account.
fn name_of(queue: &str) -> &str {
    match QueueName::of(queue) {
        QueueName::Arn(arn) => arn.name().unwrap_or(queue),
        QueueName::Url(url) => url.rsplit('/').next().unwrap_or(url),
    }
}

/// A queue's URL, and nothing that only looks like one.
fn url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").ok_or("takes a queue's URL, as `aws sqs get-queue-url` prints it")?;
    let is_url = ["http", "https"].contains(&scheme) && rest.contains('/') && !rest.ends_with('/');
    if is_url { Ok(text.to_owned()) } else { Err("takes a queue's URL with its name at the end".to_owned()) }
}
