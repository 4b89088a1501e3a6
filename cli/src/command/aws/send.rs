//! `sqs-runtime send FILE... --to QUEUE-URL`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use clap::Args;
use sqs_runtime::{Clock as _, SystemClock};

use super::{Ended, Format, client, name_of, url};
use crate::aws::send::{Fate, Letter, Target, Unreadable, events, letters, report, send};

/// Sends the messages of fixtures to a queue, as new messages.
///
/// Ends with 0 where all were sent, with 1 where one was not, and with 2 where nothing was tried: a file holds no event, or a message cannot
/// keep its order.
#[derive(Args)]
pub(in crate::command) struct Arguments {
    /// Files with events, recorded or written by hand.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The URL of the queue that gets the messages.
    #[arg(long, value_name = "QUEUE-URL", value_parser = url)]
    to: String,
    /// Gives messages without a group one of their own for a FIFO queue, and sends those of a FIFO queue to one that keeps no order.
    #[arg(long)]
    allow_group_change: bool,
    /// How it is told what became of each.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn main(arguments: &Arguments) -> Result<Ended, String> {
    let to = Target { url: arguments.to.clone(), run: run() };
    // All files are read before the first message is sent.
    let (mut ready, mut fates) = (Vec::new(), Vec::new());
    for file in &arguments.files {
        for letter in arguments.read(file, &to)? {
            match letter {
                Ok(letter) => ready.push(letter),
                Err(bad) => fates.push((bad.place, Fate::Failed(bad.why))),
            }
        }
    }
    let sent = send(&client::sqs(&to.url).await?, &to, &ready).await;
    fates.extend(ready.into_iter().map(|letter| letter.place).zip(sent));
    let told = match arguments.format {
        Format::Text => report::text(name_of(&to.url), &fates),
        Format::Json => report::json(&fates).map_err(|error| error.to_string())?,
    };
    let are_all_sent = fates.iter().all(|(_, fate)| matches!(fate, Fate::Sent(_)));
    Ok(if are_all_sent { Ended::Well(told) } else { Ended::Found(told) })
}

impl Arguments {
    fn read(&self, file: &Path, to: &Target) -> Result<Vec<Result<Letter, Unreadable>>, String> {
        let name = file.display().to_string();
        let bytes = fs::read(file).map_err(|error| format!("{name}: {error}"))?;
        let mut all = Vec::new();
        for event in events(&bytes).map_err(|error| format!("{name}: {error}"))? {
            let some = letters(&name, &event, to.is_fifo(), self.allow_group_change);
            all.extend(some.map_err(|change| change.to_string())?);
        }
        Ok(all)
    }
}

/// Another text for each run: by the time, as precise as it is known.
fn run() -> String {
    let since = SystemClock::new().wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("sqs-runtime-{}", since.as_nanos())
}
