//! A store of payloads in memory.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{BoxFuture, ready};

use crate::extract::{PayloadError, PayloadStore};

/// Holds payloads in memory, and remembers what was fetched. Clones share both.
///
/// ```
/// use sqs_runtime::{Consumer, extract::{Offloaded, Payloads}};
/// use sqs_runtime::testkit::{MemoryPayloads, event::{Event, Message}, harness::Harness};
///
/// async fn place(Offloaded(order): Offloaded<String>) {
///     assert_eq!(order, "a long order");
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let store = MemoryPayloads::new();
/// store.put("order-payloads", "k-1", "a long order");
/// let harness = Harness::new(Consumer::new(place).state(Payloads::new(store.clone(), ["order-payloads"])));
/// let event = Event::standard("orders").message(Message::s3_pointer("order-payloads", "k-1"));
/// harness.deliver(&event).await.assert_all_done();
/// assert_eq!(store.fetched(), [("order-payloads".to_owned(), "k-1".to_owned())]);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryPayloads(Arc<Mutex<Held>>);

/// A bucket and a key.
type Name = (String, String);

#[derive(Default)]
struct Held {
    objects: BTreeMap<Name, Vec<u8>>,
    fetched: Vec<Name>,
    is_down: bool,
}

impl MemoryPayloads {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a payload under that key, in place of one that was there.
    pub fn put(&self, bucket: impl Into<String>, key: impl Into<String>, payload: impl Into<Vec<u8>>) {
        self.locked().objects.insert((bucket.into(), key.into()), payload.into());
    }

    /// From now on nothing can be fetched, or everything can again.
    pub fn down(&self, is_down: bool) {
        self.locked().is_down = is_down;
    }

    /// The buckets and keys that were asked for so far, in order.
    #[must_use]
    pub fn fetched(&self) -> Vec<(String, String)> {
        self.locked().fetched.clone()
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn get(&mut self, name: Name, max_bytes: usize) -> Result<Vec<u8>, PayloadError> {
        self.fetched.push(name.clone());
        if self.is_down {
            return Err(PayloadError::Unavailable("the store is down".into()));
        }
        let payload = self.objects.get(&name).ok_or(PayloadError::Missing)?;
        if payload.len() > max_bytes { Err(PayloadError::TooLarge) } else { Ok(payload.clone()) }
    }
}

impl PayloadStore for MemoryPayloads {
    fn get<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>, PayloadError>> {
        Box::pin(ready(self.locked().get((bucket.to_owned(), key.to_owned()), max_bytes)))
    }
}

impl fmt::Debug for MemoryPayloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPayloads").field("objects", &self.locked().objects.len()).finish_non_exhaustive()
    }
}
