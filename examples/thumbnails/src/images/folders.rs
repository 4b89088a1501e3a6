//! Objects and thumbnails as files.

use std::{
    error::Error,
    fmt, io,
    path::{Component, Path, PathBuf},
    pin::Pin,
};

use tokio::{
    fs::{self, File},
    io::AsyncReadExt,
};

use super::{Images, ImagesError};
use crate::Object;

/// A folder with a folder for each bucket, and another one like it for the thumbnails.
///
/// A file has no eTag: whatever lies there is taken for the content that was notified. Nothing else is known to be wrong with it.
#[derive(Clone, Debug)]
pub struct Folders {
    objects: PathBuf,
    thumbnails: PathBuf,
}

impl Folders {
    /// Objects in the one folder, thumbnails in the other.
    pub fn new(objects: impl Into<PathBuf>, thumbnails: impl Into<PathBuf>) -> Self {
        Self { objects: objects.into(), thumbnails: thumbnails.into() }
    }

    /// The folders that `IMAGES` and `THUMBNAILS` name.
    ///
    /// # Errors
    ///
    /// If one of them is not set.
    pub fn from_env() -> Result<Self, NoFolder> {
        Ok(Self::new(folder("IMAGES")?, folder("THUMBNAILS")?))
    }

    async fn read_file(&self, object: &Object, max_bytes: usize) -> Result<Vec<u8>, ImagesError> {
        let path = within(&self.objects, &object.bucket, &object.key)?;
        let file = File::open(path).await.map_err(gone)?;
        let mut bytes = Vec::new();
        // One more, to see that there is one. What grows while it is read ends here too.
        let most = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut bytes).await?;
        if bytes.len() > max_bytes { Err(ImagesError::TooLarge) } else { Ok(bytes) }
    }

    async fn write_file(&self, object: &Object, thumbnail: Vec<u8>) -> Result<(), ImagesError> {
        let path = within(&self.thumbnails, &object.bucket, &format!("{}.{}.ppm", object.key, object.e_tag))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        Ok(fs::write(path, thumbnail).await?)
    }
}

/// A key of S3 may be any text, also one that leads out of a folder.
fn within(folder: &Path, bucket: &str, key: &str) -> Result<PathBuf, ImagesError> {
    let (bucket, key) = (Path::new(bucket), Path::new(key));
    let is_plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_one = bucket.components().count() == 1 && key.components().count() > 0;
    if is_one && is_plain(bucket) && is_plain(key) {
        Ok(folder.join(bucket).join(key))
    } else {
        Err(ImagesError::BadName)
    }
}

fn gone(error: io::Error) -> ImagesError {
    if error.kind() == io::ErrorKind::NotFound { ImagesError::Gone } else { ImagesError::Io(error) }
}

impl Images for Folders {
    fn read<'a>(
        &'a self,
        object: &'a Object,
        max_bytes: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, ImagesError>> + Send + 'a>> {
        Box::pin(self.read_file(object, max_bytes))
    }

    fn write<'a>(
        &'a self,
        object: &'a Object,
        thumbnail: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<(), ImagesError>> + Send + 'a>> {
        Box::pin(self.write_file(object, thumbnail))
    }
}

#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn folder(name: &'static str) -> Result<PathBuf, NoFolder> {
    std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from).ok_or(NoFolder(name))
}

/// A setting names no folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoFolder(&'static str);

impl fmt::Debug for NoFolder {
    /// What `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NoFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} names no folder: objects are read from IMAGES, thumbnails are written to THUMBNAILS", self.0)
    }
}

impl Error for NoFolder {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_lead_out_of_its_folder() {
        let folder = Path::new("/images");
        for (bucket, key) in
            [("b", "../x"), ("b", "/etc/passwd"), ("b", "a/../../x"), ("..", "x"), ("b/c", "x"), ("b", "")]
        {
            assert!(matches!(within(folder, bucket, key), Err(ImagesError::BadName)), "{bucket} {key}");
        }
        assert_eq!(within(folder, "b", "a/x.ppm").ok(), Some(PathBuf::from("/images/b/a/x.ppm")));
    }

    #[tokio::test]
    async fn an_object_is_read_whole_or_not_at_all() {
        let folders = Folders::new(concat!(env!("CARGO_MANIFEST_DIR"), "/images"), "/nowhere");
        let object = |key: &str| Object::new("example-bucket", key, "e1");
        let notes = object("photos/notes.txt");
        assert_eq!(folders.read(&notes, 9).await.ok(), Some(b"no image\n".to_vec()));
        assert!(matches!(folders.read(&notes, 8).await, Err(ImagesError::TooLarge)));
        assert!(matches!(folders.read(&object("photos/none"), 9).await, Err(ImagesError::Gone)));
        // A folder: something is wrong that may pass.
        assert!(matches!(folders.read(&object("photos"), 9).await, Err(ImagesError::Io(_))));
    }
}
