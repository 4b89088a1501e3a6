//! A function's log, over the HTTP interface of CloudWatch Logs.

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::json;

use super::http::Http;

/// As many as are given at once.
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
    let http = Http::new(endpoint, "logs")?;
    let (mut lines, mut next) = (Vec::new(), Some(0));
    while let Some(start) = next {
        let page;
        (page, next) = whole(events(&http, name, says, start).await?, MAX_EVENTS);
        ensure!(
            next.is_none_or(|next| next > start),
            "{name}: its log has more lines of one moment than are given at once"
        );
        for event in page {
            lines.extend(line(&event.message, says)?);
        }
    }
    Ok(lines)
}

/// The first events from that time on, in its order.
async fn events(http: &Http, name: &str, says: &str, start: u64) -> anyhow::Result<Vec<Event>> {
    let request = json!({
        "logGroupName": format!("/aws/lambda/{name}"), "filterPattern": says, "limit": MAX_EVENTS, "startTime": start,
    });
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Logs_20140328.FilterLogEvents")];
    let answer = http.post("", &headers, request.to_string()).await.context("a log")?;
    Ok(serde_json::from_str::<Found>(&answer)?.events)
}

/// What is there whole, and where the next page starts. The emulator says of no page that there is more: one that is full may have been cut
/// within its last moment, which is asked for again.
fn whole(mut page: Vec<Event>, full: usize) -> (Vec<Event>, Option<u64>) {
    let last = page.last().map(|event| event.timestamp).filter(|_| page.len() >= full);
    if let Some(last) = last {
        page.retain(|event| event.timestamp < last);
    }
    (page, last)
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
    /// Milliseconds since 1970.
    timestamp: u64,
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
    fn a_full_page_may_have_been_cut_within_its_last_moment() {
        let page =
            |times: &[u64]| times.iter().map(|time| Event { message: String::new(), timestamp: *time }).collect();
        let whole = |times: &[u64]| {
            let (page, next) = whole(page(times), 4);
            (page.iter().map(|event| event.timestamp).collect::<Vec<_>>(), next)
        };
        assert_eq!(whole(&[1, 2, 2]), (vec![1, 2, 2], None));
        assert_eq!(whole(&[1, 2, 3, 3]), (vec![1, 2], Some(3)));
        assert_eq!(whole(&[3, 3, 3, 3]), (vec![], Some(3)));
        assert_eq!(whole(&[]), (vec![], None));
    }

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
