//! What each column of a table holds.

use crate::{figures::Figures, measure::Row, trial::Setup};

pub(super) struct Column {
    pub(super) name: &'static str,
    figure: fn(&Figures) -> f64,
    digits: usize,
}

pub(super) const COLUMNS: [Column; 9] = [
    Column { name: "us CPU/rec", figure: |figures| figures.cpu_us, digits: 1 },
    Column { name: "p50 ms", figure: |figures| figures.p50_ms, digits: 2 },
    Column { name: "p99 ms", figure: |figures| figures.p99_ms, digits: 2 },
    Column { name: "init ms", figure: |figures| figures.initialisation_ms, digits: 1 },
    Column { name: "1st ms", figure: |figures| figures.first_ms, digits: 1 },
    Column { name: "MiB", figure: |figures| figures.peak_mib, digits: 1 },
    Column { name: "req/rec", figure: |figures| figures.requests, digits: 3 },
    Column { name: "WU", figure: |figures| figures.write_units, digits: 2 },
    Column { name: "store us/rec", figure: |figures| figures.store_us, digits: 0 },
];

impl Column {
    pub(super) fn of(&self, row: &Row) -> String {
        format!("{:.1$}", (self.figure)(&row.figures), self.digits)
    }
}

/// What a row is called.
pub(super) fn name(setup: &Setup) -> String {
    match setup.concurrency {
        Some(limit) => format!("{}, {limit} at a time", setup.side.name()),
        None => setup.side.name().to_owned(),
    }
}

/// What a store is called by its delay.
pub(super) fn store(store_ms: Option<u64>) -> String {
    store_ms.map_or_else(|| "none".to_owned(), |delay| format!("{delay} ms"))
}
