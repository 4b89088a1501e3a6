//! Where a thumbnail stands: queued, processing, done.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "support/shelf.rs"]
mod shelf;

use std::sync::Arc;

use shelf::{Gate, Shelf, picture, uploaded};
use sqs_runtime::{
    Idempotency,
    claim::MemoryStore,
    testkit::{ManualClock, event::Event, harness::Harness},
};
use thumbnails::{EDGE, Object, consumer, key_of_upload, status};

/// A shelf, a process, and somebody else who looks at the store.
struct Setup {
    shelf: Shelf,
    gate: Arc<Gate>,
    harness: Harness,
    onlooker: Idempotency,
    object: Object,
}

impl Setup {
    fn new() -> Self {
        let gate = Arc::new(Gate::default());
        let shelf = Shelf::default().behind(Arc::clone(&gate));
        let clock = ManualClock::new();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let idempotency = Idempotency::new(Arc::clone(&store)).handler_version("1");
        let harness = Harness::on_clock(consumer(idempotency, Arc::new(shelf.clone())), clock.clone());
        let object = Object::new("example-bucket", "photo.ppm", "e1");
        Self { shelf, gate, harness, onlooker: Idempotency::new(store).clock(clock), object }
    }

    async fn status(&self) -> String {
        status(&self.onlooker, &key_of_upload("example-bucket", "photo.ppm", "0A")).await.expect("an answer")
    }

    /// Delivers the notification; gives the status from within.
    async fn deliver(&self) -> String {
        let event = Event::standard("uploads").message(uploaded(&self.object, "0A"));
        let watching = async {
            self.gate.is_reached.notified().await;
            let status = self.status().await;
            self.gate.may_go_on.notify_one();
            status
        };
        tokio::join!(self.harness.deliver(&event), watching).1
    }
}

#[tokio::test]
async fn it_is_queued_then_processing_then_done() {
    let setup = Setup::new();
    setup.shelf.upload(&setup.object, picture(EDGE, 1));
    assert_eq!(setup.status().await, "queued");
    let meanwhile = setup.deliver().await;
    assert!(meanwhile.starts_with("processing since "), "{meanwhile}");
    let in_the_end = setup.status().await;
    assert!(in_the_end.starts_with("done at ") && in_the_end.ends_with(" GMT"), "{in_the_end}");
}

#[tokio::test]
async fn after_a_failure_it_is_queued_again() {
    let setup = Setup::new();
    setup.shelf.set_down(true);
    setup.deliver().await;
    let status = setup.status().await;
    assert!(status.starts_with("queued again since "), "{status}");
}

#[tokio::test]
async fn what_is_no_image_is_rejected() {
    let setup = Setup::new();
    setup.shelf.upload(&setup.object, *b"a text");
    setup.deliver().await;
    let status = setup.status().await;
    assert!(status.starts_with("rejected at "), "{status}");
}
