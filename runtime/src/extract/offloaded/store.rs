//! What payloads are fetched through.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use tower::BoxError;

/// Fetches payloads that are not in their messages. `S3Payloads` (feature `s3`) does so over the AWS SDK; `testkit::MemoryPayloads`
/// holds them in memory.
pub trait PayloadStore: Send + Sync + 'static {
    /// The bytes under that key, of which there may be no more than `max_bytes`: a larger object must not be read to its end.
    fn get<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>, PayloadError>>;
}

impl<P: PayloadStore + ?Sized> PayloadStore for Arc<P> {
    fn get<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>, PayloadError>> {
        (**self).get(bucket, key, max_bytes)
    }
}

/// Why a payload could not be fetched.
#[derive(Debug)]
#[non_exhaustive]
pub enum PayloadError {
    /// There is no such object: the message is rejected.
    Missing,
    /// It has more bytes than allowed: the message is rejected.
    TooLarge,
    /// It may be there: the message comes back.
    Unavailable(BoxError),
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the payload is not there",
            Self::TooLarge => "the payload is too large",
            Self::Unavailable(_) => "the payload could not be fetched",
        })
    }
}

impl std::error::Error for PayloadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable(error) => Some(&**error),
            Self::Missing | Self::TooLarge => None,
        }
    }
}
