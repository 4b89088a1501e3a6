//! What was sent, told: as JSON to programs, as text to people.

use std::fmt::Write as _;

use serde::Serialize;

use super::Fate;
use crate::terminal::{count, printable};

/// A message as programs get it. These names stay.
#[derive(Serialize)]
struct Told<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
}

/// An array with an object for each message.
///
/// # Errors
///
/// None that a message could cause; serde_json's own.
pub fn json(fates: &[(String, Fate)]) -> Result<String, serde_json::Error> {
    let told: Vec<_> = fates.iter().map(Told::of).collect();
    serde_json::to_string_pretty(&told)
}

impl<'a> Told<'a> {
    fn of((message, fate): &'a (String, Fate)) -> Self {
        let (message_id, failure) = match fate {
            Fate::Sent(id) => (Some(id.as_str()), None),
            Fate::Failed(why) => (None, Some(why.as_str())),
        };
        Self { message, message_id, failure }
    }
}

/// A line for each message that failed, and one for all.
#[must_use]
pub fn text(queue: &str, fates: &[(String, Fate)]) -> String {
    let mut text = String::new();
    for (message, fate) in fates {
        if let Fate::Failed(why) = fate {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{}: {}", printable(message), printable(why));
        }
    }
    let sent = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Sent(_))).count();
    let _ = writeln!(text, "{}: {} of {} sent", printable(queue), sent, count(fates.len(), "message"));
    text
}
