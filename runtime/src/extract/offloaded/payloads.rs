//! From where payloads may be fetched, and how large they may be.

use std::{fmt, sync::Arc};

use super::{
    PayloadError, PayloadStore, PointerRejection,
    pointer::Pointer,
    rejection::Kind::{Missing, OtherBucket},
};
use crate::{extract::TooLarge, handler::Failure};

/// The largest payload unless [`Payloads::max_bytes`] says otherwise.
const DEFAULT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// From where [`Offloaded`](super::Offloaded) may fetch payloads: a part of the consumer's state.
///
/// Who can send to the queue chooses what a pointer leads to, so only buckets that are named here are read from. Name those
/// that hold payloads and nothing else.
#[derive(Clone)]
pub struct Payloads {
    store: Arc<dyn PayloadStore>,
    buckets: Arc<[String]>,
    max_bytes: usize,
}

impl Payloads {
    /// Fetches from these buckets through that store.
    #[must_use]
    pub fn new<B: Into<String>>(store: impl PayloadStore, buckets: impl IntoIterator<Item = B>) -> Self {
        let buckets = buckets.into_iter().map(Into::into).collect();
        Self { store: Arc::new(store), buckets, max_bytes: DEFAULT_MAX_BYTES }
    }

    /// The largest payload that is fetched. Default 8 MiB; as many may be in memory at once as messages run at a time.
    #[must_use]
    pub fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    pub(super) async fn fetch(&self, pointer: &Pointer<'_>) -> Result<Vec<u8>, Failure> {
        if !self.buckets.iter().any(|bucket| *bucket == pointer.bucket) {
            return Err(Failure::extract(PointerRejection(OtherBucket)));
        }
        let got = self.store.get(&pointer.bucket, &pointer.key, self.max_bytes).await;
        match got {
            Ok(bytes) if bytes.len() <= self.max_bytes => Ok(bytes),
            Ok(_) | Err(PayloadError::TooLarge) => Err(Failure::extract(TooLarge::new(self.max_bytes))),
            Err(PayloadError::Missing) => Err(Failure::extract(PointerRejection(Missing)).for_now()),
            // Every message with a pointer will meet it.
            Err(error @ PayloadError::Unavailable(_)) => Err(Failure::retry(error).shared()),
        }
    }
}

impl fmt::Debug for Payloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = (&self.buckets, self.max_bytes);
        f.debug_struct("Payloads").field("buckets", parts.0).field("max_bytes", &parts.1).finish_non_exhaustive()
    }
}
