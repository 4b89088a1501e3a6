//! What every message came to, for whoever reads a failed test.

use std::{fmt::Write, time::Duration};

use crate::{
    batch::loggable,
    run::{LastWord, RecordReport, Report},
};

const HEAD: [&str; 6] = ["message", "outcome", "runs", "duration", "SQS", "reason"];

/// A row for each record; those with this id are marked.
pub(super) fn of(report: &Report, marked: Option<&str>) -> String {
    let mut rows = vec![(false, HEAD.map(String::from))];
    rows.extend(report.records().map(|record| (marked.is_some() && record.message_id == marked, row(record))));
    let width = |column: usize| rows.iter().map(|(_, row)| cell(row, column).chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    let mut table = String::new();
    for (is_marked, row) in &rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let mark = if *is_marked { '>' } else { ' ' };
        // Writing into a string cannot fail.
        let _ = writeln!(table, "{mark} {}", cells.join("  ").trim_end());
    }
    table
}

fn cell(row: &[String; 6], column: usize) -> &str {
    row.get(column).map_or("", String::as_str)
}

fn row(record: RecordReport<'_>) -> [String; 6] {
    let message = record.message_id.map_or_else(|| format!("record {}, no id", record.index), |id| loggable(id).into());
    let reason = record.outcome.reason().map(ToString::to_string).unwrap_or_default();
    [
        message,
        record.outcome.name().into(),
        record.runs.to_string(),
        duration(record.duration),
        told(record.last_word),
        reason,
    ]
}

fn duration(duration: Duration) -> String {
    match duration.as_micros() {
        0 => "-".into(),
        _ => format!("{:.1} ms", duration.as_secs_f64() * 1_000.0),
    }
}

/// What SQS was told.
pub(super) fn told(word: LastWord) -> String {
    match word {
        LastWord::Nothing => "-".into(),
        LastWord::Deleted => "deleted".into(),
        LastWord::DeleteRefused => "delete refused".into(),
        LastWord::Hidden(time) => format!("hidden for {time:?}"),
        LastWord::HideRefused(time) => format!("hiding for {time:?} refused"),
    }
}
