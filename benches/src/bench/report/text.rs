//! A table for a terminal.

use std::fmt::Write as _;

use crate::{
    limits::Limit,
    measure::{Results, Row},
};

pub(super) fn text(results: &Results) -> String {
    let mut text = format!(
        "{:<25} {:>6} {:>9} {:>10} {:>9} {:>9} {:>7} {:>7} {:>6} {:>8} {:>5}\n",
        "side", "records", "store", "us CPU/rec", "p50 ms", "p99 ms", "init ms", "1st ms", "MiB", "req/rec", "WU"
    );
    results.rows.iter().for_each(|row| text += &line(row));
    let _ = writeln!(
        text,
        "\ninstructions/record, claims, 10 records: ours {:.0}, by hand {:.0}\n",
        results.instructions.ours, results.instructions.by_hand
    );
    results.limits.iter().for_each(|limit| text += &held(limit));
    text
}

fn line(Row { setup, figures }: &Row) -> String {
    let store = store(setup.store_ms);
    let name = match setup.concurrency {
        Some(limit) => format!("{}, {limit} at a time", setup.side.name()),
        None => setup.side.name().to_owned(),
    };
    format!(
        "{name:<25} {:>7} {store:>9} {:>10.1} {:>9.2} {:>9.2} {:>7.1} {:>7.1} {:>6.1} {:>8.3} {:>5.2}\n",
        setup.records,
        figures.cpu_us,
        figures.p50_ms,
        figures.p99_ms,
        figures.initialisation_ms,
        figures.first_ms,
        figures.peak_mib,
        figures.requests,
        figures.write_units,
    )
}

/// What a store is called by its delay.
pub(super) fn store(store_ms: Option<u64>) -> String {
    store_ms.map_or_else(|| "none".to_owned(), |delay| format!("{delay} ms"))
}

fn held(limit: &Limit) -> String {
    let verdict = if limit.holds() { "holds" } else { "MISSED" };
    format!("{:<46} {:>8.3} <= {:>6.3}  {verdict}\n", limit.what, limit.measured, limit.most)
}
