//! `record`: messages of a queue as fixtures, with nothing in them that must not leave it.

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use sqs_runtime::{
    batch::QueueArn,
    queue::{MAX_ENTRIES, event_of},
    run::Fixtures,
};

use super::sample::Sample;

/// Keeps the messages of a sample in that folder, in events of at most ten, as a mapping would send them, and says in which files.
///
/// # Errors
///
/// If a file cannot be written, or the folder has all the files that it may have.
pub fn keep(sample: &Sample, folder: &Path, now: SystemTime) -> io::Result<Vec<PathBuf>> {
    let (arn, mut fixtures) = (QueueArn::new(&sample.queue.arn), Fixtures::new(folder));
    let events = sample.messages.chunks(MAX_ENTRIES).map(|messages| event_of(arn, messages));
    let is_full = || io::Error::other("it has 100 files already, all that a folder of fixtures gets: empty it");
    events.map(|event| fixtures.keep(&event, now)?.ok_or_else(is_full)).collect()
}
