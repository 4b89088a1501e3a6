//! A function's log, over the HTTP interface of CloudWatch Logs.

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::json;

use super::http::Http;

/// As many as are given at once. The emulator has no more to say then, and does not say that it left some out.
const MAX_EVENTS: usize = 10_000;

/// A line of a handler's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The message that the handler was given.
    pub(crate) message_id: String,
    /// When it was written.
    pub(crate) timestamp: String,
}

/// The lines that say just this, in no order.
pub(crate) async fn lines(endpoint: &str, name: &str, says: &str) -> anyhow::Result<Vec<Line>> {
    let request = json!({"logGroupName": format!("/aws/lambda/{name}"), "filterPattern": says, "limit": MAX_EVENTS});
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Logs_20140328.FilterLogEvents")];
    let answer = Http::new(endpoint, "logs")?.post("", &headers, request.to_string()).await.context("a log")?;
    let found: Found = serde_json::from_str(&answer)?;
    ensure!(found.events.len() < MAX_EVENTS, "{name}: its log is too long to be read at once");
    found.events.iter().filter_map(|event| line(&event.message, says).transpose()).collect()
}

/// `None` where it says something else, and `says` only stands in it.
fn line(text: &str, says: &str) -> anyhow::Result<Option<Line>> {
    let written: Written = serde_json::from_str(text).with_context(|| format!("no line of a handler's: {text}"))?;
    let Written { timestamp, message, message_id } = written;
    Ok((message == says).then_some(Line { message_id, timestamp }))
}

#[derive(Deserialize)]
struct Found {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    timestamp: String,
    message: String,
    message_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_its_messages_and_says_when() {
        let text = |says: &str| {
            format!(
                r#"{{"timestamp":"2026-11-28T17:04:23.123456Z","level":"INFO","message":"{says}","entry":1,"messageId":"m-1"}}"#
            )
        };
        let found = line(&text("posting"), "posting").expect("a line");
        let due = Line { message_id: "m-1".into(), timestamp: "2026-11-28T17:04:23.123456Z".into() };
        assert_eq!(found, Some(due));
        assert_eq!(line(&text("not posting"), "posting").expect("a line"), None);
        assert!(line("posting", "posting").is_err());
    }
}
