//! The figures that must hold: each a ratio of what was measured in the same run, or a count.

use serde::Serialize;

use crate::{figures::Figures, measure::Results, side::Side};

/// A figure, and the most that it may be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) most: f64,
}

impl Limit {
    /// What could not be computed does not hold.
    pub(crate) fn holds(&self) -> bool {
        self.measured <= self.most
    }

    pub(crate) fn verdict(&self) -> &'static str {
        if self.holds() { "holds" } else { "MISSED" }
    }
}

/// The figures that these results have; those of the whole run are left out of a quick one.
pub(crate) fn limits(results: &Results) -> Vec<Limit> {
    let mut limits = Vec::new();
    let mut add = |what: &str, measured: Option<f64>, most| {
        limits.extend(measured.map(|measured| Limit { what: what.to_owned(), measured, most }));
    };
    let ratio = |records, store_ms, other, figure: fn(&Figures) -> f64| {
        let one = figure(results.of(Side::Ours, records, store_ms)?);
        Some(one / figure(results.of(other, records, store_ms)?))
    };
    let cpu: fn(&Figures) -> f64 = |figures| figures.cpu_us;
    let p50: fn(&Figures) -> f64 = |figures| figures.p50_ms;
    let by_hand = Side::ByHand;
    add("CPU/by hand, no claims, 10 records", ratio(10, None, by_hand, cpu), 1.0);
    add("CPU/by hand, no claims, 100 records", ratio(100, None, by_hand, cpu), 0.85);
    add("CPU/by hand, claims 5 ms, 10 records", ratio(10, Some(5), by_hand, cpu), 0.40);
    add("CPU/by hand, claims 5 ms, 100 records", ratio(100, Some(5), by_hand, cpu), 0.20);
    add("p50/by hand, claims 5 ms, 10 records", ratio(10, Some(5), by_hand, p50), 0.85);
    add("p50/by hand, claims 5 ms, 100 records", ratio(100, Some(5), by_hand, p50), 0.6);
    add(
        "instructions/by hand, claims, 10 records",
        Some(results.instructions.ours / results.instructions.by_hand),
        0.35,
    );
    add(
        "CPU/Powertools TypeScript, claims 5 ms, 100",
        ratio(100, Some(5), Side::PowertoolsTypescript, cpu),
        1.0 / 25.0,
    );
    add("CPU/Powertools Python, claims 5 ms, 100", ratio(100, Some(5), Side::PowertoolsPython, cpu), 1.0 / 40.0);
    add("CPU/Powertools Python async, 5 ms, 100", ratio(100, Some(5), Side::PowertoolsPythonAsync, cpu), 1.0 / 40.0);
    let ours = |records, figure: fn(&Figures) -> f64| results.of(Side::Ours, records, Some(5)).map(figure);
    add("requests/record, 10 records", ours(10, |figures| figures.requests), 0.35);
    add("requests/record, 100 records", ours(100, |figures| figures.requests), 0.10);
    add("write units/record, 100 records", ours(100, |figures| figures.write_units), 2.0);
    let initialisation = ratio(100, Some(5), by_hand, |figures| figures.initialisation_ms);
    add("initialisation/by hand, claims, 100 records", initialisation, 1.15);
    add("peak memory/by hand, claims, 100 records", ratio(100, Some(5), by_hand, |figures| figures.peak_mib), 1.15);
    for (what, store_ms) in [("no claims", None), ("claims 5 ms", Some(5))] {
        let growth = results
            .of(Side::Ours, 10_000, store_ms)
            .and_then(|many| Some(many.cpu_us / results.of(Side::Ours, 100, store_ms)?.cpu_us));
        add(&format!("CPU at 10,000 records/at 100, {what}"), growth, 1.1);
    }
    limits
}
