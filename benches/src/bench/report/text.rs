//! A table for a terminal.

use std::fmt::Write as _;

use super::columns::{COLUMNS, name, store};
use crate::{
    limits::Limit,
    measure::{Results, Row},
    starts::Start,
};

pub(super) fn text(results: &Results) -> String {
    let mut text = line("side", "records", "store", COLUMNS.map(|column| column.name.to_owned()));
    results.rows.iter().for_each(|row| text += &of_row(row));
    let _ = writeln!(
        text,
        "\ninstructions/record, claims, 10 records: ours {:.0}, by hand {:.0}\n",
        results.instructions.ours, results.instructions.by_hand
    );
    results.starts.iter().for_each(|start| text += &started(start));
    text.push('\n');
    results.limits.iter().for_each(|limit| text += &held(limit));
    text + "\n" + &results.origin.text()
}

fn of_row(row: &Row) -> String {
    let Row { setup, .. } = row;
    line(&name(setup), &setup.records.to_string(), &store(setup.store_ms), COLUMNS.map(|column| column.of(row)))
}

fn line(name: &str, records: &str, store: &str, figures: [String; COLUMNS.len()]) -> String {
    let figures: String = figures.iter().map(|figure| format!(" {figure:>12}")).collect();
    format!("{name:<25} {records:>7} {store:>6}{figures}\n")
}

fn started(start: &Start) -> String {
    format!(
        "start, {:<8} store {:>5}: asks after {:.1} ms, has answered after {:.1} ms\n",
        start.side.name(),
        store(start.store_ms),
        start.initialisation_ms,
        start.answered_ms
    )
}

fn held(limit: &Limit) -> String {
    format!("{:<54} {:>8.3} <= {:>6.3}  {}\n", limit.what, limit.measured, limit.most, limit.verdict())
}
