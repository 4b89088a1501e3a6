//! A row, told: as JSON to programs, as text to people.

use std::fmt::Write as _;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::Serialize;
use sqs_runtime::claim::{IdempotencyKey, RowState, RowStatus};

use super::next::{is_living, next};
use crate::terminal::{count, printable, span};

/// A row as programs get it. These names stay.
#[derive(Serialize)]
struct Told<'a> {
    key: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_expires_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_s: Option<u64>,
    is_expired: bool,
    next_delivery: &'static str,
}

/// An object.
///
/// # Errors
///
/// None that a row could cause; serde_json's own.
pub fn json(key: &IdempotencyKey, row: Option<&RowState>, now_ms: u64) -> Result<String, serde_json::Error> {
    let rejection = |row: &'_ RowState| match &row.status {
        RowStatus::Rejected { error } => error.clone(),
        _ => None,
    };
    let error = row.and_then(rejection);
    serde_json::to_string_pretty(&Told {
        key: key.as_str(),
        status: row.map_or("none", |row| status(&row.status)),
        since_ms: row.map(|row| row.since_ms),
        lease_expires_at_ms: row.and_then(lease),
        attempts: row.map(|row| row.attempts),
        version: row.and_then(|row| row.version.as_deref()),
        error: error.as_deref(),
        expires_at_s: row.map(|row| row.expires_at_s),
        is_expired: row.is_some_and(|row| row.is_expired(now_ms)),
        next_delivery: next(row, now_ms),
    })
}

/// A line for each thing that a row says, and one for what comes next.
#[must_use]
pub fn text(key: &IdempotencyKey, row: Option<&RowState>, now_ms: u64) -> String {
    let mut text = format!("{}\n", printable(key.as_str()));
    let facts = row.map_or_else(
        || vec!["there is no row: nobody claimed it, or it was forgotten".to_owned()],
        |row| facts(row, now_ms),
    );
    for fact in facts {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {fact}");
    }
    let _ = writeln!(text, "  next delivery: {}", next(row, now_ms));
    text
}

fn facts(row: &RowState, now_ms: u64) -> Vec<String> {
    let mut facts = vec![format!("{} since {}", what(&row.status), at(row.since_ms, now_ms))];
    let living = lease(row).is_some_and(|lease| is_living(lease, now_ms));
    facts.extend(lease(row).map(|lease| match living {
        true => format!("its lease ends {}", at(lease, now_ms)),
        false => format!("its lease ended {}, and nobody heard of its run", at(lease, now_ms)),
    }));
    let unheard = row.attempts.saturating_sub(living.into());
    if unheard > 0 {
        facts.push(format!("{} in a row ended without a word", count(unheard as usize, "run")));
    }
    if let Some(version) = &row.version {
        facts.push(format!("by version {}", printable(version)));
    }
    let remembered = if row.is_expired(now_ms) { "its retention ended" } else { "remembered until" };
    facts.push(format!("{remembered} {}", at(row.expires_at_s.saturating_mul(1_000), now_ms)));
    facts
}

fn status(status: &RowStatus) -> &'static str {
    match status {
        RowStatus::InProgress { .. } => "in progress",
        RowStatus::Completed { .. } => "done",
        RowStatus::Released => "released",
        RowStatus::Rejected { .. } => "rejected",
        _ => "unknown",
    }
}

fn what(row: &RowStatus) -> String {
    match row {
        RowStatus::Completed { result } => {
            let result = result.json().map(|json| format!(", with a result of {}", count(json.len(), "byte")));
            format!("done{}", result.unwrap_or_default())
        }
        RowStatus::Rejected { error } => {
            let error = error.as_ref().map(|error| format!(" ({})", printable(error)));
            format!("rejected{}", error.unwrap_or_default())
        }
        RowStatus::Released => "released: it failed in a way that may pass".to_owned(),
        _ => status(row).to_owned(),
    }
}

fn lease(row: &RowState) -> Option<u64> {
    match row.status {
        RowStatus::InProgress { lease_expires_at_ms } => Some(lease_expires_at_ms),
        _ => None,
    }
}

/// A moment, and how far away it is.
fn at(ms: u64, now_ms: u64) -> String {
    let date = i64::try_from(ms).ok().and_then(|ms| DateTime::from_millis(ms).fmt(DateTimeFormat::DateTime).ok());
    let date = date.unwrap_or_else(|| format!("{ms} ms after 1970"));
    let away = span(ms.abs_diff(now_ms) / 1_000);
    if ms > now_ms { format!("{date} (in {away})") } else { format!("{date} ({away} ago)") }
}
