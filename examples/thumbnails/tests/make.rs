//! From notifications to thumbnails, over objects in memory.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

#[path = "support/shelf.rs"]
mod shelf;

use std::sync::Arc;

use shelf::{Shelf, picture, uploaded};
use sqs_runtime::{
    Idempotency,
    testkit::{
        event::{Event, Message},
        harness::Harness,
        redelivery::{World, redelivery_check_in},
    },
};
use thumbnails::{EDGE, Image, Object, by_upload, consumer, key_of_upload};

fn process(shelf: &Shelf) -> Harness {
    Harness::new(consumer(Idempotency::memory(), Arc::new(shelf.clone())))
}

fn event(messages: impl IntoIterator<Item = Message>) -> Event {
    Event::standard("uploads").messages(messages)
}

/// A notification with neither eTag nor sequencer.
fn without_names(event_name: &str) -> Message {
    let s3 = r#"{"bucket":{"name":"b"},"object":{"key":"k"}}"#;
    Message::text(format!(r#"{{"Records":[{{"eventName":"{event_name}","s3":{s3}}}]}}"#))
}

fn photo(e_tag: &str) -> Object {
    Object::new("example-bucket", "a photo.ppm", e_tag)
}

#[tokio::test]
async fn one_upload_makes_one_thumbnail_however_often_it_is_notified() {
    let (shelf, object) = (Shelf::default(), photo("e1"));
    shelf.upload(&object, picture(4 * EDGE, 9));
    let harness = process(&shelf);
    // Two notifications in one batch, one delivered again, and one that S3 sends later.
    let twice = event([uploaded(&object, "0A").id("m-1"), uploaded(&object, "0A").id("m-2")]);
    let first = harness.deliver(&twice).await;
    first.assert_done("m-1").assert_already_done("m-2");
    harness.redeliver(&first).await.assert_already_done("m-1").assert_already_done("m-2");
    harness.deliver(&event([uploaded(&object, "0A").id("m-3")])).await.assert_already_done("m-3").assert_runs("m-3", 0);
    assert_eq!((shelf.thumbnails(), shelf.writes()), (vec![(object, picture(EDGE, 9))], 1));
}

#[tokio::test]
async fn the_test_event_of_s3_is_done_and_there_is_nothing_to_do() {
    let shelf = Shelf::default();
    let delivered = process(&shelf).deliver(&event([Message::s3_test_event("example-bucket").id("m-1")])).await;
    delivered.assert_done("m-1").assert_returned([]);
    assert_eq!((delivered.report().nothing_to_do(), shelf.writes()), (1, 0));
}

#[tokio::test]
async fn a_removal_is_done_and_leaves_the_thumbnail() {
    let shelf = Shelf::default();
    let removed = without_names("ObjectRemoved:Delete");
    process(&shelf).deliver(&event([removed.id("m-1")])).await.assert_done("m-1");
    assert_eq!(shelf.writes(), 0);
}

/// The notification of the older upload comes when the object has another content already.
#[tokio::test]
async fn notifications_may_come_in_another_order_than_uploads() {
    let (shelf, older, newer) = (Shelf::default(), photo("e1"), photo("e2"));
    let harness = process(&shelf);
    let deliver = async |object, sequencer: &str| {
        harness.deliver(&event([uploaded(object, sequencer).id(sequencer)])).await.assert_done(sequencer);
    };
    shelf.upload(&older, picture(EDGE, 1));
    shelf.upload(&newer, picture(EDGE, 2));
    deliver(&newer, "0B").await;
    deliver(&older, "0A").await;
    assert_eq!(shelf.thumbnails(), [(newer.clone(), picture(EDGE, 2))]);
    // The older content once more: another upload, and this time it is still there.
    shelf.upload(&older, picture(EDGE, 1));
    deliver(&older, "0C").await;
    assert_eq!(shelf.thumbnails(), [(older, picture(EDGE, 1)), (newer, picture(EDGE, 2))]);
}

#[tokio::test]
async fn what_can_never_have_a_thumbnail_is_rejected_and_the_others_are_made() {
    let shelf = Shelf::default();
    let object = |name: &str| Object::new("example-bucket", name, "e1");
    shelf.upload(&object("text"), *b"a text");
    shelf.upload(&object("cut"), &picture(EDGE, 1)[..100]);
    shelf.upload(&object("large"), vec![0; 32 * 1024 * 1024 + 1]);
    shelf.upload(&object("good"), picture(EDGE, 1));
    let names = ["text", "cut", "large", "good"];
    let gone = Message::s3_notification("example-bucket", "k").id("gone");
    let messages = names.map(|name| uploaded(&object(name), "0A").id(name)).into_iter();
    let no_e_tag = without_names("ObjectCreated:Put").id("no eTag");
    let other = [no_e_tag, Message::text("hello").id("hello"), gone];
    let delivered = process(&shelf).deliver(&event(messages.chain(other))).await;
    delivered.assert_rejected("text").because("not a binary PPM image");
    delivered.assert_rejected("cut").because("the image is cut off");
    delivered.assert_rejected("large").because("too large");
    delivered.assert_rejected("no eTag").because("lacks an eTag or a sequencer");
    delivered.assert_rejected("hello").because("not an S3 event notification");
    delivered.assert_done("gone").assert_done("good");
    assert_eq!(shelf.thumbnails(), [(object("good"), picture(EDGE, 1))]);
}

#[tokio::test]
async fn while_objects_cannot_be_reached_messages_come_back() {
    let (shelf, object) = (Shelf::default(), photo("e1"));
    shelf.upload(&object, picture(EDGE, 1));
    shelf.set_down(true);
    let harness = process(&shelf);
    let first = harness.deliver(&event([uploaded(&object, "0A").id("m-1")])).await;
    first.assert_retried("m-1").because("it is down");
    shelf.set_down(false);
    harness.redeliver(&first).await.assert_done("m-1");
    assert_eq!(shelf.writes(), 1);
}

/// The thumbnail is outside of the store, so it may be written again; what lies there is the same.
#[tokio::test]
async fn wherever_the_process_dies_there_is_one_thumbnail_in_the_end() {
    struct Outside(World, Shelf);
    let open = async |world| {
        let shelf = Shelf::default();
        shelf.upload(&photo("e1"), picture(2 * EDGE, 5));
        Outside(world, shelf)
    };
    let process = |outside: &Outside| consumer(outside.0.idempotency(), Arc::new(outside.1.clone()));
    let thumbnails = async |outside: &Outside| {
        let there = outside.1.thumbnails().into_iter();
        there.map(|(object, bytes)| format!("{object:?} {:?}", Image::from_ppm(&bytes))).collect()
    };
    let event = event([uploaded(&photo("e1"), "0A").id("m-1")]);
    let survived = redelivery_check_in(open, process, thumbnails, &event).await.expect("one, wherever it dies");
    let points: Vec<_> = survived.iter().map(ToString::to_string).collect();
    // How often the handler waits for the thread that scales differs, and with it where the last kill hits.
    for place in ["inside the claim", "in the handler", "inside the completion"] {
        assert!(points.iter().any(|point| point.starts_with(place)), "{points:?}");
    }
}

#[test]
fn the_key_of_a_message_is_that_of_its_upload() {
    let batch = event([uploaded(&photo("e1"), "0A"), Message::s3_test_event("example-bucket")]).to_batch();
    let idempotency = by_upload(Idempotency::memory());
    let key = |index| idempotency.key_of(&batch.record(index).expect("a record"));
    assert_eq!(key(0), Ok(key_of_upload("example-bucket", "a photo.ppm", "0A")));
    assert!(key(1).is_ok_and(|test_event| Ok(test_event) != key(0)));
}
