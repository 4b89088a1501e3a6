//! The files of a folder: so many, so long, none half written.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{MAX_BYTES, MAX_FILES};
use crate::run::utc;

/// What is written into one folder.
pub(super) struct Files {
    folder: PathBuf,
    /// How many files the folder has, once that was looked up.
    count: Option<usize>,
    /// The number of the next name.
    next: usize,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, count: None, next: 1 }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    #[cfg(feature = "lambda")]
    pub(super) fn is_full(&self) -> bool {
        self.count.is_some_and(|count| count >= MAX_FILES)
    }

    /// Writes one file, named by that time and a number; `None` where the folder is full. The folder is not made: a name that was
    /// mistyped shows.
    pub(super) fn write(&mut self, text: &str, epoch_ms: u64) -> io::Result<Option<PathBuf>> {
        let count = match self.count {
            Some(count) => count,
            None => count(&self.folder)?,
        };
        self.count = Some(count);
        if count >= MAX_FILES {
            return Ok(None);
        }
        if text.len() > MAX_BYTES {
            return Err(io::Error::other("it is too long once it is redacted"));
        }
        let time = utc::rfc3339(epoch_ms).replace(':', "-");
        let name = format!("{time}-{:04}.json", self.next);
        self.next += 1;
        let path = self.write_whole(&name, text)?;
        self.count = Some(count + 1);
        Ok(Some(path))
    }

    /// Under another name first, so that no reader meets half of it.
    fn write_whole(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        if path.exists() {
            // Another process, in the same millisecond.
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let part = self.folder.join(format!(".{name}.{}", std::process::id()));
        let written = fs::write(&part, text).and_then(|()| fs::rename(&part, &path));
        if written.is_err() {
            let _ = fs::remove_file(part);
        }
        written.map(|()| path)
    }
}

/// How many events the folder has already.
fn count(folder: &Path) -> io::Result<usize> {
    let is_event = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "json");
    Ok(fs::read_dir(folder)?.filter_map(Result::ok).filter(is_event).take(MAX_FILES).count())
}
