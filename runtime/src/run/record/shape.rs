//! The shape of a text: what is left of one that must not be kept.
//!
//! The JSON with the same names and structure, and none of its words. Of an envelope that an extractor unwraps those words are left that
//! make it one, so that a handler which wants it can be given the file; and with the feature `gzip` what was compressed is so again.

use serde_json::{Map, Value};

use super::MAX_KEPT;
use crate::extract::is_pointer;

type Fields = Map<String, Value>;

/// Of a body; of one that is compressed the shape of its payload, compressed.
pub(super) fn of_body(body: &str) -> String {
    #[cfg(feature = "gzip")]
    if let Some(payload) = inflated(body) {
        // Not looked into for what is compressed in there: how deep that goes is up to the sender.
        return crate::extract::deflate(&of_text(&payload));
    }
    of_text(body)
}

/// A payload that could have been a body: nothing costs more here because it came compressed.
#[cfg(feature = "gzip")]
fn inflated(body: &str) -> Option<String> {
    const MAX_BYTES: usize = 1024 * 1024;
    type Payload = crate::extract::Gzip<String, MAX_BYTES>;
    Payload::read(body).ok().map(|payload| payload.0)
}

/// Of a JSON text the JSON's shape, of another one its length.
fn of_text(text: &str) -> String {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Value::Object(of_envelope(fields)).to_string(),
        Ok(Value::Array(elements)) if is_pointer(text.as_bytes()) => of_pointer(elements).to_string(),
        Ok(value) => of_value(value).to_string(),
        Err(_) => format!("text of {} bytes", text.len()),
    }
}

/// The JSON's shape; null where it is nested too deep to be read.
pub(super) fn of_json(raw: &str) -> String {
    serde_json::from_str(raw).map_or(Value::Null, of_value).to_string()
}

fn of_value(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => false.into(),
        Value::Number(_) => 0.into(),
        Value::String(_) => "string".into(),
        Value::Array(elements) => elements.into_iter().map(of_value).collect(),
        Value::Object(fields) => with_words(fields, &[]).into(),
    }
}

/// An object with these of its values as they are.
fn with_words(fields: Fields, words: &[&str]) -> Fields {
    let field = |(name, value): (String, Value)| {
        let value = if words.contains(&name.as_str()) { word(value) } else { of_value(value) };
        (name, value)
    };
    fields.into_iter().map(field).collect()
}

fn word(value: Value) -> Value {
    let is_word = value.as_str().is_some_and(|word| word.len() <= MAX_KEPT);
    if is_word { value } else { of_value(value) }
}

/// What may be an envelope; another object has none of its words.
fn of_envelope(mut fields: Fields) -> Fields {
    let is_text = |name: &str| fields.get(name).is_some_and(Value::is_string);
    if is_text("Type") && is_text("TopicArn") {
        let payload = fields.get("Message").and_then(Value::as_str).map(of_text);
        with(with_words(fields, &["Type", "MessageId"]), "Message", payload)
    } else if is_text("detail-type") && is_text("source") {
        with_words(fields, &["detail-type", "source", "id"])
    } else if fields.get("Event").is_some_and(|event| event == "s3:TestEvent") {
        with_words(fields, &["Event"])
    } else {
        let records = fields.get_mut("Records").and_then(Value::as_array_mut).map(std::mem::take);
        let records: Option<Vec<_>> = records.map(|records| records.into_iter().map(of_s3_record).collect());
        with(with_words(fields, &[]), "Records", records)
    }
}

fn with(mut fields: Fields, name: &str, value: Option<impl Into<Value>>) -> Fields {
    if let Some((value, place)) = value.zip(fields.get_mut(name)) {
        *place = value.into();
    }
    fields
}

/// A record of a notification of S3, where it is one.
fn of_s3_record(record: Value) -> Value {
    match record {
        Value::Object(fields) if fields.contains_key("s3") => with_words(fields, &["eventName"]).into(),
        record => of_value(record),
    }
}

/// What the extended client left: its class, and the shape of where the payload is.
fn of_pointer(elements: Vec<Value>) -> Value {
    let mut elements = elements.into_iter();
    let class = elements.next().map(word);
    class.into_iter().chain(elements.map(of_value)).collect()
}
