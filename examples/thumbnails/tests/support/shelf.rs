//! Objects and thumbnails in memory, and the notifications about them.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use serde_json::json;
use sqs_runtime::testkit::event::Message;
use thumbnails::{Image, Images, ImagesError, Object};
use tokio::{sync::Notify, task::yield_now};

/// Like S3: an object has one content at a time, and is read only if it is the one that is asked for. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    state: Arc<Mutex<State>>,
    writes: Arc<AtomicUsize>,
    gate: Option<Arc<Gate>>,
}

#[derive(Default)]
struct State {
    /// Content by eTag and bytes, under bucket and key.
    objects: BTreeMap<(String, String), (String, Vec<u8>)>,
    thumbnails: BTreeMap<Object, Vec<u8>>,
    is_down: bool,
}

/// Where a read can be watched and held up.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) is_reached: Notify,
    pub(crate) may_go_on: Notify,
}

impl Shelf {
    /// The same, and each read waits at that gate.
    pub(crate) fn behind(self, gate: Arc<Gate>) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// An upload; replaces what was there.
    pub(crate) fn upload(&self, object: &Object, bytes: impl Into<Vec<u8>>) {
        let name = (object.bucket.clone(), object.key.clone());
        self.state().objects.insert(name, (object.e_tag.clone(), bytes.into()));
    }

    pub(crate) fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// The content of each thumbnail.
    pub(crate) fn thumbnails(&self) -> Vec<(Object, Vec<u8>)> {
        self.state().thumbnails.clone().into_iter().collect()
    }

    /// How often one was written, replaced ones included.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn content(&self, object: &Object, max_bytes: usize) -> Result<Vec<u8>, ImagesError> {
        let state = self.state();
        if state.is_down {
            return Err(io::Error::other("it is down").into());
        }
        let found = state.objects.get(&(object.bucket.clone(), object.key.clone()));
        match found.filter(|(e_tag, _)| *e_tag == object.e_tag) {
            None => Err(ImagesError::Gone),
            Some((_, bytes)) if bytes.len() > max_bytes => Err(ImagesError::TooLarge),
            Some((_, bytes)) => Ok(bytes.clone()),
        }
    }
}

impl Images for Shelf {
    fn read<'a>(
        &'a self,
        object: &'a Object,
        max_bytes: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, ImagesError>> + Send + 'a>> {
        Box::pin(async move {
            if let Some(gate) = &self.gate {
                gate.is_reached.notify_one();
                gate.may_go_on.notified().await;
            }
            self.content(object, max_bytes)
        })
    }

    fn write<'a>(
        &'a self,
        object: &'a Object,
        thumbnail: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Result<(), ImagesError>> + Send + 'a>> {
        Box::pin(async move {
            // A process can die on either side.
            yield_now().await;
            self.writes.fetch_add(1, SeqCst);
            self.state().thumbnails.insert(object.clone(), thumbnail);
            yield_now().await;
            Ok(())
        })
    }
}

/// A picture of one colour, and of that many pixels in each direction.
pub(crate) fn picture(edge: usize, colour: u8) -> Vec<u8> {
    Image::new(edge, vec![[colour; 3]; edge * edge]).expect("a square").to_ppm()
}

/// S3's notification that this content was uploaded; the sequencer names the upload.
pub(crate) fn uploaded(object: &Object, sequencer: &str) -> Message {
    let content = json!({"key": object.key, "eTag": object.e_tag, "sequencer": sequencer});
    let s3 = json!({"bucket": {"name": object.bucket}, "object": content});
    let record = json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3});
    Message::text(json!({"Records": [record]}).to_string())
}
