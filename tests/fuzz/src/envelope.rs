//! What SNS, EventBridge and S3 wrap around a payload.
//!
//! The input is a body, taken as it is and as a payload that the test kit wraps.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sqs_runtime::{
    claim::{Envelope, Key, PayloadHash},
    extract::{EventBridge, FromDelivery, S3Notification, Sns},
    testkit::{
        self,
        event::{Event, Message},
    },
};

use super::{
    captured::identity,
    run::{delivery_of, is_loggable, is_pointer, wait},
};

/// Any text as a body, and as a payload.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    sns(text);
    event_bridge(text);
    s3(text);
    wrapped(text);
}

/// The hash of what counts as the payload within that envelope.
fn payload(envelope: Envelope, body: &str) -> PayloadHash {
    let key = Key::by(|_| Some("k".into())).inside(envelope).same_body();
    identity(key, body).expect("a key that never fails").1
}

/// An object of which serde_json read every field, so that what it says can be compared.
fn object(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(Value::is_object)
}

/// What a handler is given is what its message is claimed by: else a second message with another payload would pass for the first,
/// and never run.
fn sns(body: &str) {
    let sns = match wait(Sns::<Value>::from_delivery(&delivery_of(body), &())) {
        Ok(sns) => sns,
        Err(rejection) => return assert!(is_loggable(&rejection.to_string()), "{rejection}"),
    };
    let claimed = payload(Envelope::Sns, body);
    assert_eq!(sns.topic_arn.is_some(), sns.message_id.is_some());
    if sns.topic_arn.is_none() {
        assert_eq!(Some(&sns.message), serde_json::from_str(body).ok().as_ref());
        return assert_eq!(claimed, PayloadHash::of(body.as_bytes()), "claimed by another payload: {body}");
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Notification {
        message: String,
        topic_arn: String,
        message_id: String,
        subject: Option<String>,
    }
    let theirs: Notification = serde_json::from_str(body).expect("it was unwrapped");
    assert_eq!(Some(&sns.message), serde_json::from_str(&theirs.message).ok().as_ref());
    assert_eq!((sns.topic_arn, sns.message_id), (Some(theirs.topic_arn), Some(theirs.message_id)));
    assert_eq!(sns.subject, theirs.subject);
    assert_eq!(claimed, PayloadHash::of(theirs.message.as_bytes()), "claimed by another payload: {body}");
    assert!(object(body).is_none_or(|value| value["Type"] == "Notification"), "not every envelope has a payload");
}

fn event_bridge(body: &str) {
    let event = match wait(EventBridge::<Value>::from_delivery(&delivery_of(body), &())) {
        Ok(event) => event,
        Err(rejection) => return assert!(is_loggable(&rejection.to_string()), "{rejection}"),
    };
    #[derive(Deserialize)]
    struct Detail<'a> {
        #[serde(borrow)]
        detail: &'a RawValue,
    }
    let Detail { detail } = serde_json::from_str(body).expect("it was unwrapped");
    assert_eq!(Some(&event.detail), serde_json::from_str(detail.get()).ok().as_ref());
    assert_eq!(payload(Envelope::EventBridge, body), PayloadHash::of(detail.get().as_bytes()));
    let Some(theirs) = object(body) else { return };
    assert_eq!(theirs["detail-type"], event.detail_type);
    assert_eq!((theirs["source"].as_str(), theirs["id"].as_str()), (Some(&*event.source), Some(&*event.id)));
    assert_eq!((theirs["time"].as_str(), theirs["region"].as_str()), (event.time.as_deref(), event.region.as_deref()));
}

fn s3(body: &str) {
    let notification = match wait(S3Notification::from_delivery(&delivery_of(body), &())) {
        Ok(notification) => notification,
        Err(failure) => return assert!(is_loggable(&failure.error().to_string()), "{}", failure.error()),
    };
    let Some(theirs) = object(body) else { return };
    let theirs = theirs["Records"].as_array().expect("a list of records");
    assert_eq!(notification.records.len(), theirs.len());
    for (ours, theirs) in notification.records.iter().zip(theirs) {
        let s3 = &theirs["s3"];
        assert_eq!(
            (theirs["eventName"].as_str(), s3["bucket"]["name"].as_str()),
            (Some(&*ours.event_name), Some(&*ours.bucket))
        );
        let key = s3["object"]["key"].as_str().expect("a key");
        // Undoing an encoding never makes a text longer.
        assert!(ours.key.len() <= key.len() && (key.contains(['%', '+']) || ours.key == key), "{key} is {}", ours.key);
        assert_eq!(s3["object"]["size"].as_u64(), ours.size);
    }
}

/// What is wrapped comes out again.
fn wrapped(text: &str) {
    let delivery = |message: Message| {
        let batch = Event::standard("orders").message(message.id("m-1")).to_batch();
        testkit::delivery(batch.record(0).expect("a well-formed record"), None)
    };
    let key = delivery(Message::s3_notification("bucket", text));
    let notification = wait(S3Notification::from_delivery(&key, &())).expect("a notification");
    assert_eq!(notification.records.first().map(|record| &*record.key), Some(text));
    let Ok(payload) = serde_json::from_str::<Value>(text) else { return };
    // Two more levels of JSON around it: what was nested almost too deep is so now.
    let message = delivery(Message::text(text).in_sns());
    match wait(Sns::<Value>::from_delivery(&message, &())) {
        Ok(sns) => assert_eq!((&sns.message, sns.topic_arn.is_some()), (&payload, true)),
        Err(rejection) => assert!(is_pointer(&payload), "{text} is rejected: {rejection}"),
    }
    let message = delivery(Message::text(text).in_event_bridge("shop.orders", "OrderPlaced"));
    if let Ok(event) = wait(EventBridge::<Value>::from_delivery(&message, &())) {
        assert_eq!(event.detail, payload);
    }
}
