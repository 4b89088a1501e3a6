//! The table for people.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::{
    batch::loggable,
    run::{RecordReport, Report},
};

const HEAD: [&str; 5] = ["message", "outcome", "attempts", "duration", "reason"];

/// A row for each record, and a line that counts. `runs` holds the attempts of each message so far, over all deliveries.
pub(super) fn of(report: &Report, runs: &mut BTreeMap<String, u32>) -> String {
    let rows: Vec<_> = report.records().map(|record| row(record, runs)).collect();
    let mut table = String::new();
    let widths = widths(&rows);
    line(&mut table, &HEAD.map(String::from), widths);
    for row in &rows {
        line(&mut table, row, widths);
    }
    table.push_str(&counts(report));
    table
}

fn row(record: RecordReport<'_>, runs: &mut BTreeMap<String, u32>) -> [String; 5] {
    let message =
        record.message_id.map_or_else(|| format!("record {}, without an id", record.index), |id| loggable(id).into());
    let attempts = runs.entry(message.clone()).or_insert(0);
    *attempts = attempts.saturating_add(record.runs.into());
    let reason = record.outcome.reason().map(ToString::to_string).unwrap_or_default();
    [message, record.outcome.name().into(), attempts.to_string(), duration(record.duration), reason]
}

fn duration(duration: Duration) -> String {
    match duration.as_micros() {
        0 => "-".into(),
        _ => format!("{:.1} ms", duration.as_secs_f64() * 1_000.0),
    }
}

/// The width of each column but the last, which may be as long as it is.
fn widths(rows: &[[String; 5]]) -> [usize; 5] {
    let mut widths = HEAD.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

fn line(table: &mut String, cells: &[String; 5], widths: [usize; 5]) {
    let start = table.len();
    for (cell, width) in cells.iter().zip(widths) {
        // Writing into a string cannot fail.
        let _ = write!(table, "{cell:width$}  ");
    }
    table.truncate(start + table.get(start..).unwrap_or_default().trim_end().len());
    table.push('\n');
}

/// `9 records: 3 done, 2 retry, ..`, in the order in which the outcomes are met.
fn counts(report: &Report) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for record in report.records() {
        let name = record.outcome.name();
        match counts.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let counts: Vec<_> = counts.into_iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!("{} records: {}", report.batch().len(), if counts.is_empty() { "none".into() } else { counts.join(", ") })
}
