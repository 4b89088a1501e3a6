//! Events of the test kit are what Lambda sends: the consumer under test meets nothing that it would not meet there.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use sqs_runtime::{
    Consumer,
    batch::Batch,
    extract::{EventBridge, S3Notification, Sns},
    testkit::event::{AttributeValue, Event, Message},
};

use super::scratch::Scratch;
use crate::support::{FIFO, STANDARD, fixture, outcomes, root, run};

fn every_attribute() -> Message {
    Message::text("caf\u{e9} \"\\\n")
        .attribute("tenant", "t1 \u{e9}")
        .attribute("attempt", -3)
        .attribute("large", AttributeValue::number("12345678901234567890123456789012345678"))
        .attribute("digest", vec![0, 0xff])
        .attribute("correlation", AttributeValue::from("6d0f7d0e").labelled("uuid"))
}

#[tokio::test]
async fn digests_are_those_of_sqs() {
    let recorded = Event::from_file(root().join("tests/fixtures/message-attributes.json")).unwrap();
    let events = [Event::standard("orders").message(every_attribute()).message(Message::text("")), recorded];
    for event in events {
        let report = run(Consumer::new(|| async {}).verify_md5(true), &event.to_json()).await;
        assert_eq!(outcomes(&report), ["done", "done"]);
        // And they are there: a body that is not theirs is found out.
        let other = ["md5OfBody\":\"", "md5OfBody\": \""]
            .into_iter()
            .fold(event.to_json(), |json, start| json.replace(start, &format!("{start}0")));
        let report = run(Consumer::new(|| async {}).verify_md5(true), &other).await;
        assert_eq!(outcomes(&report)[0], "retry");
    }
    let attributes = Event::standard("orders").message(every_attribute()).to_json();
    let attributes = attributes.replace("12345678901234567890123456789012345678", "1");
    let report = run(Consumer::new(|| async {}).verify_md5(true), &attributes).await;
    assert_eq!(outcomes(&report), ["retry"], "an attribute that is not the digest's");
}

/// The names of an object, of a record and of its attributes.
fn names(event: &str, path: &str) -> Vec<String> {
    let event: Value = serde_json::from_str(event).unwrap();
    event.pointer(path).and_then(Value::as_object).unwrap().keys().cloned().collect()
}

#[test]
fn records_have_the_fields_of_a_recorded_event() {
    let attributed = |message: Message| message.attribute("channel", "web").trace_header("Root=1");
    let standard = Event::standard("orders").message(attributed(Message::text("x"))).to_json();
    let fifo = Event::fifo("ledger").message(Message::text("x")).to_json();
    for (made, file, path) in [
        (&standard, "message-attributes.json", "/Records/0"),
        (&standard, "message-attributes.json", "/Records/0/attributes"),
        (&standard, "message-attributes.json", "/Records/0/messageAttributes/channel"),
        (&fifo, "fifo-groups.json", "/Records/0"),
        (&fifo, "fifo-groups.json", "/Records/0/attributes"),
    ] {
        let mut recorded = names(&fixture(file), path);
        recorded.retain(|name| name != "md5OfMessageAttributes" || made == &standard);
        assert_eq!(names(made, path), recorded, "{path}");
    }
    let nothing = Event::standard("orders").message(Message::text("x")).to_json();
    assert!(!nothing.contains("MessageGroupId") && !nothing.contains("SequenceNumber"), "{nothing}");
}

#[test]
fn what_is_said_of_a_message_is_what_a_handler_sees() {
    let sent = SystemTime::UNIX_EPOCH + Duration::from_millis(1_793_610_905_836);
    let message = every_attribute().id("m-1").receive_count(2).group("g").deduplication_id("d").trace_header("Root=1");
    let event =
        Event::fifo("ledger.fifo").message(message.sent_at(sent).first_received_at(sent)).message(Message::text("y"));
    let batch = event.to_batch();
    let record = batch.record(0).unwrap();
    assert_eq!((record.message_id(), record.body(), record.receive_count()), ("m-1", "caf\u{e9} \"\\\n", Some(2)));
    assert_eq!((record.message_group_id(), record.message_deduplication_id()), (Some("g"), Some("d")));
    assert_eq!(
        (record.sent_at(), record.first_received_at(), record.trace_header()),
        (Some(sent), Some(sent), Some("Root=1"))
    );
    assert_eq!(record.queue_arn().unwrap().as_str(), FIFO);
    let attribute = |name: &str| record.message_attribute(name).unwrap();
    assert_eq!((attribute("attempt").data_type(), attribute("attempt").as_str()), ("Number", Some("-3")));
    assert_eq!((attribute("digest").data_type(), attribute("digest").as_bytes()), ("Binary", Some(&[0, 0xff][..])));
    assert_eq!(attribute("correlation").custom_type(), Some("uuid"));
    let next = batch.record(1).unwrap();
    assert_eq!(next.message_id(), "00000000-0000-4000-8000-000000000002");
    assert!(next.sequence_number() > record.sequence_number());
    assert_eq!(next.message_group_id(), Some("group"));
    assert_eq!(Event::standard("orders").queue_arn(), STANDARD);
}

#[test]
fn an_event_is_the_same_each_time_it_is_made() {
    let make =
        || Event::fifo("ledger").message(every_attribute().in_sns()).messages([Message::text("b"), Message::text("c")]);
    assert_eq!(make().to_json(), make().to_json());
}

#[tokio::test]
async fn envelopes_are_unwrapped_by_the_extractors() {
    async fn through_sns(sns: Sns<u32>) {
        assert_eq!((sns.message, sns.topic_arn.is_some(), sns.message_id.is_some()), (7, true, true));
    }
    async fn through_event_bridge(event: EventBridge<u32>) {
        assert_eq!((event.detail, event.source.as_str(), event.detail_type.as_str()), (7, "shop", "Placed"));
        assert_eq!(event.time.as_deref(), Some("2027-01-15T07:59:59Z"));
    }
    async fn of_s3(notification: S3Notification) {
        let [record] = &notification.records[..] else { panic!("{notification:?}") };
        assert_eq!((record.bucket.as_str(), record.key.as_str()), ("uploads", "caf\u{e9} 1+1=2/#%.json"));
    }
    let message = || Message::json(&7).unwrap();
    let bridged = message().in_event_bridge("shop", "Placed");
    let uploaded = Message::s3_notification("uploads", "caf\u{e9} 1+1=2/#%.json");
    for (consumer, message) in [
        (Consumer::new(through_sns), message().in_sns()),
        (Consumer::new(through_event_bridge), bridged),
        (Consumer::new(of_s3), uploaded),
        (Consumer::new(of_s3), Message::s3_test_event("uploads")),
    ] {
        let report = run(consumer, &Event::standard("orders").message(message).to_json()).await;
        assert_eq!(outcomes(&report), ["done"], "{:?}", crate::support::reasons(&report));
    }
}

/// A number of 43 digits names an order as exactly as a text does.
#[test]
fn an_envelope_changes_no_digit_of_its_payload() {
    let payload = r#"{"id": 2222222222222222222222222222222222222222222}"#;
    for message in [Message::text(payload).in_sns(), Message::text(payload).in_event_bridge("shop", "Placed")] {
        let batch = Event::standard("orders").message(message).to_batch();
        let record = batch.record(0).unwrap();
        assert!(record.body().contains("2222222222222222222222222222222222222222222"), "{}", record.body());
    }
}

#[test]
fn a_redelivered_event_has_raised_counts_and_new_handles() {
    let event = Event::standard("orders").message(Message::text("x")).message(Message::text("y").receive_count(4));
    let again = event.redelivered();
    let seen = |event: &Event| -> Vec<_> {
        let records = event.to_batch().records().map(Result::unwrap).collect::<Vec<_>>();
        records.iter().map(|record| (record.receive_count(), record.receipt_handle().unwrap().to_owned())).collect()
    };
    assert_eq!(seen(&again).iter().map(|seen| seen.0).collect::<Vec<_>>(), [Some(2), Some(5)]);
    assert!(seen(&event).iter().zip(seen(&again)).all(|(old, new)| old.1 != new.1));
    assert_eq!(again.queue_arn(), event.queue_arn());
}

#[test]
fn recorded_events_keep_their_bytes_and_take_more_messages() {
    let folder = root().join("tests/fixtures/malformed");
    let recorded = Event::from_file(folder.join("lone-surrogate.json")).unwrap();
    assert!(recorded.to_json().contains(r"\ud800"));
    let longer = recorded.message(Message::text("x").id("added"));
    let batch = longer.to_batch();
    assert_eq!((batch.len(), batch.message_id(3)), (4, Some("added")));
    assert_eq!(batch.queue_arn(3), batch.queue_arn(0));
    assert!(batch.record(1).is_err());
}

#[test]
fn every_fixture_that_is_an_event_is_read() {
    let folder = root().join("tests/fixtures");
    let mut read = 0;
    for file in std::fs::read_dir(&folder).unwrap().chain(std::fs::read_dir(folder.join("malformed")).unwrap()) {
        let path = file.unwrap().path();
        let Ok(batch) = Batch::from_slice(&std::fs::read(&path).unwrap_or_default()) else { continue };
        let event = Event::from_file(&path).unwrap().to_batch();
        let ids = |batch: &Batch| (0..batch.len()).map(|n| batch.message_id(n).map(String::from)).collect::<Vec<_>>();
        assert_eq!(ids(&event), ids(&batch), "{}", path.display());
        read += 1;
    }
    assert!(read > 25, "{read} events");
}

#[test]
fn a_file_without_an_event_is_named() {
    let scratch = Scratch::new("event");
    for (text, says) in [
        ("{}", "`Records` is missing"),
        ("{", "not valid JSON"),
        (&json!({"Records": [{"eventSource": "aws:s3"}]}).to_string(), "it comes from aws:s3"),
    ] {
        let path = scratch.file("event.json", text);
        let error = Event::from_file(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{path}: ")) && error.contains(says), "{error}");
    }
    let missing = scratch.path().join("missing.json");
    let error = Event::from_file(&missing).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", missing.display())), "{error}");
}
