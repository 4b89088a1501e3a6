//! A body: JSON escapes undone, decoded as JSON, compared with its digest.
//!
//! The input is the body, and behind bytes `ff`, which no text holds, the name and the value of a message attribute.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sqs_runtime::{
    Consumer,
    batch::Batch,
    extract::{Body, FromDelivery, Json},
    run::Report,
    testkit::event::{Event, Message},
};

use super::run::{delivery_of, is_loggable, is_pointer, pipeline, run, wait};

/// Any text as a body.
pub fn check(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0xff);
    let Some(Ok(text)) = parts.next().map(std::str::from_utf8) else { return };
    inside_of_a_string(text);
    escaped(text);
    extracted(text);
    let (name, value) = (parts.next().unwrap_or_default(), parts.next());
    digested(text, &String::from_utf8_lossy(name), value);
}

/// The text as the inside of a JSON string, escapes and all: what serde_json makes of it, or a rejection that names the body.
fn inside_of_a_string(text: &str) {
    let string = format!("\"{text}\"");
    if serde_json::from_str::<&RawValue>(&string).is_err() {
        return;
    }
    let batch = Batch::from_json(format!(r#"{{"Records":[{{"messageId":"m-1","body":{string}}}]}}"#));
    let record = batch.expect("its JSON is whole").record(0);
    match (serde_json::from_str::<String>(&string), record) {
        (Ok(theirs), Ok(record)) => assert_eq!(record.body(), theirs),
        (Err(_), Err(malformed)) => assert_eq!((malformed.field(), malformed.is_nameable()), ("body", true)),
        (theirs, ours) => panic!("{theirs:?} is {ours:?}"),
    }
}

/// However it is escaped, it is the same text.
fn escaped(text: &str) {
    let all: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let some = text.encode_utf16().enumerate().map(|(n, unit)| match (n % 3, u8::try_from(unit)) {
        (0, Ok(b'/')) => "\\/".to_owned(),
        (_, Ok(b'\n')) => "\\n".to_owned(),
        (1 | 2, Ok(byte)) if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04X}"),
    });
    for string in [
        serde_json::to_string(text).expect("a text"),
        format!("\"{all}\""),
        format!("\"{}\"", some.collect::<String>()),
    ] {
        let event = format!(r#"{{"Records":[{{"messageId":"m-1","body":{string}}}]}}"#);
        let batch = Batch::from_json(event).expect("a well-formed event");
        assert_eq!(batch.record(0).expect("a well-formed record").body(), text);
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Item {
    sku: String,
    quantity: u32,
}

/// The extractors give what serde_json gives, and a rejection that quotes nothing.
fn extracted(text: &str) {
    let delivery = delivery_of(text);
    let Ok(body) = wait(Body::from_delivery(&delivery, &()));
    assert_eq!(body.as_str(), text);
    let theirs = serde_json::from_str::<Value>(text);
    match wait(Json::<Value>::from_delivery(&delivery, &())) {
        Ok(Json(ours)) => assert_eq!(Some(ours), theirs.ok()),
        Err(rejection) => {
            assert!(theirs.ok().as_ref().is_none_or(is_pointer), "{text} is rejected: {rejection}");
            quotes_nothing(&rejection.to_string());
        }
    }
    match wait(Json::<Order>::from_delivery(&delivery, &())) {
        Ok(Json(ours)) => assert_eq!(Some(ours), serde_json::from_str(text).ok()),
        Err(rejection) => quotes_nothing(&rejection.to_string()),
    }
}

/// One of the few things that are said of a body that does not fit; field names are the program's.
fn quotes_nothing(said: &str) {
    assert!(is_loggable(said), "{said}");
    let (what, place) = said.rsplit_once(" (line ").unwrap_or((said, ""));
    let known = [
        "the payload is in S3 (extended client library): `extract::Offloaded<Json<..>>` reads it",
        "the JSON is nested too deep",
        "the body is not valid JSON",
        "the JSON has a value of another type than expected",
        "the JSON lacks the field `orderId`",
        "the JSON lacks the field `sku`",
        "the JSON lacks the field `quantity`",
    ];
    assert!(known.contains(&what), "{said}");
    assert!(place.chars().all(|c| c.is_ascii_digit() || ", column)".contains(c)), "{said}");
}

fn outcome(report: &Report) -> (&'static str, u16) {
    report.records().map(|record| (record.outcome.name(), record.runs)).next().expect("one record")
}

/// With `verify_md5` a message runs with its digests, and with no other; with `body_limit` up to its length.
fn digested(text: &str, name: &str, value: Option<&[u8]>) {
    let mut message = Message::text(text).id("m-1");
    if let Some(value) = value {
        message = match std::str::from_utf8(value) {
            Ok(text) => message.attribute(name, text),
            Err(_) => message.attribute(name, value),
        };
    }
    let event = Event::standard("orders").message(message);
    let checking =
        || pipeline(Consumer::new(|| async {}).verify_md5(true).body_limit(text.len()).without_idempotency());
    assert_eq!(outcome(&run(&checking(), &event.to_batch())), ("done", 1));
    let mut damaged: Value = serde_json::from_str(&event.to_json()).expect("JSON");
    let record = &mut damaged["Records"][0];
    let field = if value.is_some() { "md5OfMessageAttributes" } else { "md5OfBody" };
    let digest = record[field].as_str().expect("a digest").to_owned();
    // One digit of it is another.
    let at = text.len() % digest.len();
    let other = if digest.as_bytes()[at] == b'0' { "1" } else { "0" };
    record[field] = format!("{}{other}{}", &digest[..at], &digest[at + 1..]).into();
    let damaged = Batch::from_json(damaged.to_string()).expect("an SQS event");
    assert_eq!(outcome(&run(&checking(), &damaged)), ("retry", 0));
    if let Some(limit) = text.len().checked_sub(1) {
        let limited = pipeline(Consumer::new(|| async {}).body_limit(limit).without_idempotency());
        assert_eq!(outcome(&run(&limited, &event.to_batch())), ("rejected", 0));
    }
}
