//! An event without what must not leave its deployment.
//!
//! What is kept is named here, field by field; all else is replaced by its shape. So a field that AWS adds tomorrow is not
//! recorded by accident. Mistakes of an event stay: a missing field stays missing, a null null, a name that is there twice is there
//! twice.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use super::{
    MAX_KEPT, Redactor, account,
    object::{map, map_list, string},
    shape,
};
use crate::batch::QueueArn;

/// The event, redacted: one line of JSON.
pub(super) fn event(json: &str, redactor: Option<&Redactor>) -> String {
    let mut names = Names::default();
    let records = |raw: &str, names: &mut Names| map_list(raw, |raw| record(raw, redactor, names));
    let field = |name: &str, raw: &str| {
        let records = (name == "Records").then(|| records(raw, &mut names)).flatten();
        records.unwrap_or_else(|| shape::of_json(raw))
    };
    map(json, field).unwrap_or_else(|| shape::of_json(json)) + "\n"
}

/// Who has the queue that a record came from.
#[derive(Deserialize)]
struct Source {
    #[serde(rename = "eventSourceARN")]
    queue: String,
}

/// What a user's function makes of texts, without the account.
struct Redaction<'a> {
    redactor: &'a Redactor,
    account: Option<String>,
}

impl<'a> Redaction<'a> {
    fn of(redactor: &'a Redactor, record: &str) -> Self {
        let source = serde_json::from_str(record).ok();
        let account = source.and_then(|Source { queue }| QueueArn::new(&queue).account().map(str::to_owned));
        Self { redactor, account }
    }

    fn redacted(&self, text: &str) -> String {
        account::replaced_by_name(&(self.redactor.0)(text), self.account.as_deref())
    }
}

fn record(json: &str, redactor: Option<&Redactor>, names: &mut Names) -> String {
    let redaction = redactor.map(|redactor| Redaction::of(redactor, json));
    let redaction = redaction.as_ref();
    let field = |name: &str, raw: &str| match name {
        "messageId" | "eventSource" | "EventSource" | "awsRegion" => kept(raw),
        "receiptHandle" => of_string(raw, |handle| names.of("handle", handle)),
        "body" => of_string(raw, |body| redaction.map_or_else(|| shape::of_body(body), |by| by.redacted(body))),
        "attributes" => map(raw, |name, raw| attribute(name, raw, names)).unwrap_or_else(|| shape::of_json(raw)),
        "messageAttributes" => {
            map(raw, |_, raw| message_attribute(raw, redaction)).unwrap_or_else(|| shape::of_json(raw))
        }
        // They are of texts that are not here any more.
        "md5OfBody" | "md5OfMessageAttributes" => "null".to_owned(),
        "eventSourceARN" => of_string(raw, account::replaced),
        _ => shape::of_json(raw),
    };
    map(json, field).unwrap_or_else(|| shape::of_json(json))
}

/// A system attribute. Groups and deduplication ids are a sender's own words: which of them are equal is kept, not what they say.
fn attribute(name: &str, raw: &str, names: &mut Names) -> String {
    match name {
        "ApproximateReceiveCount" | "SentTimestamp" | "ApproximateFirstReceiveTimestamp" | "SequenceNumber" => {
            kept(raw)
        }
        "MessageGroupId" => of_string(raw, |group| names.of("group", group)),
        "MessageDeduplicationId" => of_string(raw, |id| names.of("deduplication", id)),
        "DeadLetterQueueSourceArn" => of_string(raw, account::replaced),
        _ => shape::of_json(raw),
    }
}

fn message_attribute(json: &str, redaction: Option<&Redaction<'_>>) -> String {
    let is_number = serde_json::from_str::<Value>(json).is_ok_and(|attribute| {
        attribute.get("dataType").and_then(Value::as_str).is_some_and(|of| of.starts_with("Number"))
    });
    let placeholder = || if is_number { "0" } else { "string" }.to_owned();
    let field = |name: &str, raw: &str| match name {
        "dataType" => kept(raw),
        "stringValue" => of_string(raw, |text| redaction.map_or_else(placeholder, |by| by.redacted(text))),
        // What is no base64 stays none.
        "binaryValue" => {
            of_string(raw, |text| if BASE64_STANDARD.decode(text).is_ok() { "AA==" } else { "*" }.to_owned())
        }
        _ => shape::of_json(raw),
    };
    map(json, field).unwrap_or_else(|| shape::of_json(json))
}

/// A short value as it is.
fn kept(raw: &str) -> String {
    let is_short = raw.len() <= MAX_KEPT && !raw.starts_with(['{', '[']);
    if is_short { raw.to_owned() } else { shape::of_json(raw) }
}

/// A string with another text; other values by their shape.
fn of_string(raw: &str, text: impl FnOnce(&str) -> String) -> String {
    if !raw.starts_with('"') {
        return shape::of_json(raw);
    }
    match serde_json::from_str::<String>(raw) {
        Ok(old) => string(&text(&old)),
        // No valid Unicode, and still none in the record.
        Err(_) => r#""\ud800""#.to_owned(),
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
