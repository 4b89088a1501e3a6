//! A note of each run of the handler, where the bench wants to know what ran: a line for each in a file.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    sync::LazyLock,
};

use crate::client::setting;

static FILE: LazyLock<Option<File>> =
    LazyLock::new(|| OpenOptions::new().append(true).create(true).open(setting("COMPARE_RUNS")?).ok());

/// One write for each line, so that those of several threads stay apart. A line that is lost is a run that the bench misses.
pub(crate) fn note(order: &str) {
    if let Some(mut file) = FILE.as_ref() {
        let _ = file.write_all(format!("{order}\n").as_bytes());
    }
}
