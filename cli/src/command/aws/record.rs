//! `sqs-runtime record QUEUE-URL --into FOLDER`.

use std::path::PathBuf;

use clap::Args;
use sqs_runtime::{Clock as _, SystemClock};

use super::{Ended, Notes, peek::Sampled};
use crate::aws::record::keep;

/// Keeps messages of a queue as fixtures that `replay` and the test kit read, redacted as a deployment's own.
///
/// They are received and given back as by `peek`, with the same price. Bodies come down to their shape; receipt handles, accounts,
/// senders, groups and what senders say in attributes are replaced.
///
/// Ends as `peek` does, and with 1 where there was no message.
#[derive(Args)]
pub(in crate::command) struct Arguments {
    #[command(flatten)]
    sampled: Sampled,
    /// The folder, which is there already; it gets 100 files at most.
    #[arg(long)]
    into: PathBuf,
}

pub(super) async fn main(arguments: &Arguments, notes: Notes<'_>) -> Result<Ended, String> {
    let folder = &arguments.into;
    // Before a receive is spent.
    if !folder.is_dir() {
        return Err(format!("{}: there is no such folder", folder.display()));
    }
    let sample = arguments.sampled.take("record").await?;
    let is_well = arguments.sampled.tell(&sample, notes);
    let files = keep(&sample, folder, SystemClock::new().wall());
    let files = files.map_err(|error| format!("{}: {error}", folder.display()))?;
    if files.is_empty() {
        return Ok(Ended::Found("the queue gave no message".to_owned()));
    }
    let told = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("\n");
    Ok(if is_well { Ended::Well(told) } else { Ended::Found(told) })
}
