//! The files of a folder: so many, so long, none half written.
//!
//! Other processes may write into the same folder: what is there is looked up before each file, and a name belongs to whoever made its
//! unfinished file.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{MAX_BYTES, MAX_FILES, MAX_FOLDER_BYTES};
use crate::run::utc;

/// What a file is called that is not finished, behind a dot and the name that it will have.
const PART: &str = ".json.part";

/// How old a file may be that is still being written. An older one was left behind by a process that was killed.
const LONGEST_WRITE: Duration = Duration::from_secs(60);

/// How many names are tried for one file: other processes have the others.
const MAX_NAMES: usize = 1_000;

/// What is written into one folder.
pub(super) struct Files {
    folder: PathBuf,
    /// No further file is written there.
    is_full: bool,
    /// The number of the next name.
    next: usize,
}

/// What a folder has already.
#[derive(Default)]
struct Stock {
    files: usize,
    bytes: u64,
}

impl Stock {
    fn has_room(&self, bytes: usize) -> bool {
        self.files < MAX_FILES && self.bytes.saturating_add(bytes as u64) <= MAX_FOLDER_BYTES
    }
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, is_full: false, next: 1 }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    #[cfg(any(feature = "lambda", feature = "worker"))]
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Writes one file, named by that time and a number; `None` where the folder has no room. The folder is not made: a name that was
    /// mistyped shows.
    pub(super) fn write(&mut self, text: &str, epoch_ms: u64) -> io::Result<Option<PathBuf>> {
        if text.len() > MAX_BYTES {
            return Err(io::Error::other("it is too long once it is redacted"));
        }
        let mut stock = self.look(epoch_ms)?;
        if !stock.has_room(text.len()) {
            self.is_full = true;
            return Ok(None);
        }
        let path = self.write_whole(text, &utc::rfc3339(epoch_ms).replace(':', "-"))?;
        stock.files += 1;
        self.is_full = !stock.has_room(0);
        Ok(Some(path))
    }

    /// What is there, and away with what nobody will finish.
    fn look(&self, now_ms: u64) -> io::Result<Stock> {
        let mut stock = Stock::default();
        for entry in fs::read_dir(&self.folder)?.filter_map(Result::ok) {
            let path = entry.path();
            if is_part(&path) {
                if is_abandoned(&entry, now_ms) {
                    let _ = fs::remove_file(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "json") {
                stock.files += 1;
                stock.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            }
        }
        Ok(stock)
    }

    /// Under another name first, so that no reader meets half of it.
    fn write_whole(&mut self, text: &str, time: &str) -> io::Result<PathBuf> {
        for _ in 0..MAX_NAMES {
            let name = format!("{time}-{:04}", self.next);
            self.next += 1;
            let (path, part) = (self.folder.join(format!("{name}.json")), self.folder.join(format!(".{name}{PART}")));
            let file = match fs::File::create_new(&part) {
                // Another process is about to have it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                created => created?,
            };
            // Nobody else takes the name now; but it may be taken.
            let written = match path.try_exists() {
                Ok(true) => Ok(false),
                Ok(false) => finish(file, text).and_then(|()| fs::rename(&part, &path)).map(|()| true),
                Err(error) => Err(error),
            };
            if !matches!(written, Ok(true)) {
                let _ = fs::remove_file(&part);
            }
            if written? {
                return Ok(path);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

fn finish(mut file: fs::File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())
}

fn is_part(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with('.') && name.ends_with(PART))
}

fn is_abandoned(part: &fs::DirEntry, now_ms: u64) -> bool {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms);
    let written = part.metadata().and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > LONGEST_WRITE))
}
