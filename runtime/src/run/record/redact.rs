//! An event without what must not leave its deployment.
//!
//! What is kept is named here, field by field; all else is replaced by its shape. So a field that AWS adds tomorrow is not
//! recorded by accident. Mistakes of an event stay: a missing field stays missing, a null null, a name that is there twice is there
//! twice.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    Redactor,
    object::{map, map_list, string},
};

/// The account of AWS's documentation, in place of any other.
const ACCOUNT: &str = "123456789012";

/// The longest value that is kept as it is: counts, times, ids, types, regions.
const MAX_KEPT: usize = 100;

/// The event, redacted: one line of JSON.
pub(super) fn event(json: &str, redactor: Option<&Redactor>) -> String {
    let mut names = Names::default();
    let records = |raw: &str, names: &mut Names| map_list(raw, |raw| record(raw, redactor, names));
    let field = |name: &str, raw: &str| {
        let records = (name == "Records").then(|| records(raw, &mut names)).flatten();
        records.unwrap_or_else(|| shape(raw))
    };
    map(json, field).unwrap_or_else(|| shape(json)) + "\n"
}

fn record(json: &str, redactor: Option<&Redactor>, names: &mut Names) -> String {
    let field = |name: &str, raw: &str| match name {
        "messageId" | "eventSource" | "EventSource" | "awsRegion" => kept(raw),
        "receiptHandle" => of_string(raw, |handle| names.of("handle", handle)),
        "body" => of_string(raw, |body| redacted(body, redactor).unwrap_or_else(|| shape_of_text(body))),
        "attributes" => map(raw, |name, raw| attribute(name, raw, names)).unwrap_or_else(|| shape(raw)),
        "messageAttributes" => map(raw, |_, raw| message_attribute(raw, redactor)).unwrap_or_else(|| shape(raw)),
        // They are of texts that are not here any more.
        "md5OfBody" | "md5OfMessageAttributes" => "null".to_owned(),
        "eventSourceARN" => of_string(raw, without_account),
        _ => shape(raw),
    };
    map(json, field).unwrap_or_else(|| shape(json))
}

/// A system attribute. Groups and deduplication ids are a sender's own words: which of them are equal is kept, not what they say.
fn attribute(name: &str, raw: &str, names: &mut Names) -> String {
    match name {
        "ApproximateReceiveCount" | "SentTimestamp" | "ApproximateFirstReceiveTimestamp" | "SequenceNumber" => {
            kept(raw)
        }
        "MessageGroupId" => of_string(raw, |group| names.of("group", group)),
        "MessageDeduplicationId" => of_string(raw, |id| names.of("deduplication", id)),
        "DeadLetterQueueSourceArn" => of_string(raw, without_account),
        _ => shape(raw),
    }
}

fn message_attribute(json: &str, redactor: Option<&Redactor>) -> String {
    let is_number = serde_json::from_str::<Value>(json).is_ok_and(|attribute| {
        attribute.get("dataType").and_then(Value::as_str).is_some_and(|of| of.starts_with("Number"))
    });
    let placeholder = || if is_number { "0" } else { "string" }.to_owned();
    let field = |name: &str, raw: &str| match name {
        "dataType" => kept(raw),
        "stringValue" => of_string(raw, |text| redacted(text, redactor).unwrap_or_else(placeholder)),
        // What is no base64 stays none.
        "binaryValue" => {
            of_string(raw, |text| if BASE64_STANDARD.decode(text).is_ok() { "AA==" } else { "*" }.to_owned())
        }
        _ => shape(raw),
    };
    map(json, field).unwrap_or_else(|| shape(json))
}

fn redacted(text: &str, redactor: Option<&Redactor>) -> Option<String> {
    redactor.map(|Redactor(redact)| redact(text))
}

/// A short value as it is.
fn kept(raw: &str) -> String {
    let is_short = raw.len() <= MAX_KEPT && !raw.starts_with(['{', '[']);
    if is_short { raw.to_owned() } else { shape(raw) }
}

/// A string with another text; other values by their shape.
fn of_string(raw: &str, text: impl FnOnce(&str) -> String) -> String {
    if !raw.starts_with('"') {
        return shape(raw);
    }
    match serde_json::from_str::<String>(raw) {
        Ok(old) => string(&text(&old)),
        // No valid Unicode, and still none in the record.
        Err(_) => r#""\ud800""#.to_owned(),
    }
}

/// The text with another account in place of each number of 12 digits.
fn without_account(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        let rest = part.get(digits.len()..).unwrap_or_default();
        redacted.push_str(if digits.len() == ACCOUNT.len() { ACCOUNT } else { digits });
        redacted.push_str(rest);
    }
    redacted
}

/// Of a JSON text the JSON's shape, of another one its length.
fn shape_of_text(text: &str) -> String {
    let shape = serde_json::from_str(text).map(|value| shape_of(value).to_string());
    shape.unwrap_or_else(|_| format!("text of {} bytes", text.len()))
}

/// The JSON with the same names and structure and nothing else; null where it is nested too deep to be read.
fn shape(raw: &str) -> String {
    serde_json::from_str(raw).map_or(Value::Null, shape_of).to_string()
}

fn shape_of(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => false.into(),
        Value::Number(_) => 0.into(),
        Value::String(_) => "string".into(),
        Value::Array(elements) => elements.into_iter().map(shape_of).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, shape_of(value))).collect(),
    }
}

/// Names in place of others: equal ones for equal ones, within one event.
#[derive(Default)]
struct Names(HashMap<(&'static str, String), usize>, HashMap<&'static str, usize>);

impl Names {
    fn of(&mut self, kind: &'static str, name: &str) -> String {
        let Self(known, counts) = self;
        let number = known.entry((kind, name.to_owned())).or_insert_with(|| {
            let count = counts.entry(kind).or_default();
            *count += 1;
            *count
        });
        format!("{kind}-{number}")
    }
}
