//! What was seen, told: as JSON to programs, as text to people.

use std::fmt::Write as _;

use serde::Serialize;

use super::Seen;
use crate::terminal::{count, printable, span};

#[derive(Serialize)]
struct Told<'a> {
    queue: &'a str,
    messages: &'a [Seen],
}

/// An object with an array of the messages.
///
/// # Errors
///
/// None that a message could cause; serde_json's own.
pub fn json(queue: &str, seen: &[Seen]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Told { queue, messages: seen })
}

/// A line for each message, and one or two for what is in it.
#[must_use]
pub fn text(queue: &str, seen: &[Seen]) -> String {
    let mut text = String::new();
    for message in seen {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{}: {}", printable(&message.message_id), facts(message).join(", "));
        if let Some(reason) = &message.dead_letter_reason {
            let error = message.dead_letter_error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
            let _ = writeln!(text, "  dead letter: {}", printable(&format!("{reason}{error}")));
        }
        if let Some(original) = &message.original_message_id {
            let _ = writeln!(text, "  copy of {}", printable(original));
        }
        let _ = writeln!(text, "  {}", printable(message.body.as_ref().unwrap_or(&message.shape)));
    }
    let _ = writeln!(text, "{}: {} seen", printable(queue), count(seen.len(), "message"));
    text
}

fn facts(message: &Seen) -> Vec<String> {
    let received = message.receive_count.map(|times| format!("received {}", count(times as usize, "time")));
    let few = message.few_receives_left.then(|| "near its last receive".to_owned());
    let sent = message.age_seconds.map(|age| format!("sent {} ago", span(age)));
    let group = message.group.as_ref().map(|group| format!("group {}", printable(group)));
    let names =
        (!message.attributes.is_empty()).then(|| format!("attributes {}", printable(&message.attributes.join(" "))));
    let bytes = Some(count(message.bytes, "byte"));
    [received, few, sent, group, bytes, names].into_iter().flatten().collect()
}
