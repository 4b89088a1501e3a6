//! The whole of it as a page.

use std::fmt::Write as _;

use super::columns::{COLUMNS, name, store};
use crate::{
    limits::Limit,
    measure::{Results, Row},
    starts::Start,
};

pub(super) fn markdown(results: &Results) -> String {
    let mut page =
        "# What a message costs\n\nWritten by `benches/compare`; [the page on it](README.md) says how each figure is \
                    measured. Everything is on loopback.\n\n"
            .to_owned();
    results.origin.lines().iter().for_each(|line| writeln!(page, "- {line}").unwrap_or_default());
    page += "\n![CPU and time for 100 records with claims](results.svg)\n\n## Figures\n\n";
    page += "| figure | measured | at most | |\n| --- | ---: | ---: | --- |\n";
    results.limits.iter().for_each(|limit| page += &of_limit(limit));
    let _ = writeln!(
        page,
        "\nInstructions for a record, with claims, 10 records: ours {:.0}, by hand {:.0}.\n",
        results.instructions.ours, results.instructions.by_hand
    );
    page += "## Starts\n\n| side | store | asks after, ms | has answered ten records after, ms |\n| --- | ---: | ---: | ---: |\n";
    results.starts.iter().for_each(|start| page += &of_start(start));
    page += "\n## Medians\n\n";
    let names: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
    let _ = writeln!(page, "| side | records | store | trials | {} |", names.join(" | "));
    let _ = writeln!(page, "| --- | ---: | ---: | ---: |{}", " ---: |".repeat(COLUMNS.len()));
    results.rows.iter().for_each(|row| page += &of_row(row));
    page
}

fn of_limit(limit: &Limit) -> String {
    format!("| {} | {:.3} | {:.3} | {} |\n", limit.what, limit.measured, limit.most, limit.verdict())
}

fn of_start(start: &Start) -> String {
    let Start { side, store_ms, initialisation_ms, answered_ms } = start;
    format!("| {} | {} | {initialisation_ms:.1} | {answered_ms:.1} |\n", side.name(), store(*store_ms))
}

fn of_row(row: &Row) -> String {
    let Row { setup, trials, .. } = row;
    let figures = COLUMNS.map(|column| column.of(row)).join(" | ");
    format!("| {} | {} | {} | {trials} | {figures} |\n", name(setup), setup.records, store(setup.store_ms))
}
