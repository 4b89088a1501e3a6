//! The log as Lambda's own level filter wants it.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// What stands at the top of a line; nested, the filter would not find it.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
    level: String,
    message: String,
}

/// The level of a line that is JSON with a level, an RFC 3339 timestamp and a message.
pub(super) fn level_of(line: &str) -> anyhow::Result<String> {
    let Line { timestamp, level, message } = serde_json::from_str(line).with_context(|| line.to_owned())?;
    ensure!(is_rfc_3339(&timestamp), "no RFC 3339 timestamp: {line}");
    ensure!(!message.is_empty(), "no message: {line}");
    Ok(level)
}

/// `2026-11-02T08:15:00Z`, with or without a fraction.
fn is_rfc_3339(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else { return false };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let shape: String = seconds.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00" && !fraction.is_empty() && fraction.chars().all(|c| c.is_ascii_digit())
}
