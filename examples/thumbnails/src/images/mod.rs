//! Where objects and thumbnails are.

mod folders;

use std::{error::Error, fmt, io, pin::Pin};

pub use self::folders::{Folders, NoFolder};
use crate::Object;

/// Where objects are read from, and thumbnails written to.
pub trait Images: Send + Sync + 'static {
    /// The content of the object, of at most so many bytes.
    fn read<'a>(
        &'a self,
        object: &'a Object,
        max_bytes: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, ImagesError>> + Send + 'a>>;

    /// Writes the thumbnail of that content. One that is there already is the same, and is replaced.
    fn write<'a>(
        &'a self,
        object: &'a Object,
        thumbnail: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<(), ImagesError>> + Send + 'a>>;
}

/// Why an object was not read, or a thumbnail not written.
#[derive(Debug)]
pub enum ImagesError {
    /// The object is not there any more, or has another content by now, of which there is a notification too.
    Gone,
    /// It has more bytes than were asked for.
    TooLarge,
    /// Its name cannot be one here.
    BadName,
    /// Something that may pass.
    Io(io::Error),
}

impl From<io::Error> for ImagesError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for ImagesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the object is gone, or has another content"),
            Self::TooLarge => f.write_str("the object is too large"),
            Self::BadName => f.write_str("the object's name is none of a file"),
            Self::Io(error) => write!(f, "objects and thumbnails cannot be reached: {error}"),
        }
    }
}

impl Error for ImagesError {}
