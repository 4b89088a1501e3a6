//! The figures that must hold: each a ratio of what was measured in the same run, or a count.

use serde::Serialize;

use crate::{figures::Figures, measure::Results, plan::LIMITS, side::Side, trial::Setup};

/// How late the store answers where claims are compared.
pub(crate) const STORE_MS: u64 = 5;

/// A figure, and the most that it may be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) what: String,
    /// Time and not a count: a ratio of times in one run, too, is another one on another processor, because the store's delay is the same.
    pub(crate) is_time: bool,
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

/// The figures of a run; those of a whole one are left out of a quick one, and nothing else is.
pub(crate) fn limits(results: &Results) -> Vec<Limit> {
    let mut limits = beside_by_hand(results);
    limits.extend(of_ours(results));
    if results.is_whole {
        limits.extend(beside_powertools(results));
        limits.extend(growth(results));
    }
    limits
}

/// A ratio of times. What is absent does not hold.
fn time(what: &str, measured: Option<f64>, most: f64) -> Limit {
    Limit { is_time: true, ..count(what, measured, most) }
}

/// What is counted, or a ratio of counts. What is absent does not hold.
fn count(what: &str, measured: Option<f64>, most: f64) -> Limit {
    Limit { what: what.to_owned(), is_time: false, measured: measured.unwrap_or(f64::NAN), most }
}

/// Ours, as a part of that side's.
fn part(
    results: &Results,
    side: Side,
    records: usize,
    store_ms: Option<u64>,
    figure: fn(&Figures) -> f64,
) -> Option<f64> {
    Some(figure(results.of(Side::Ours, records, store_ms)?) / figure(results.of(side, records, store_ms)?))
}

fn beside_by_hand(results: &Results) -> Vec<Limit> {
    let cpu = |records, store_ms| part(results, Side::ByHand, records, store_ms, |figures| figures.cpu_us);
    let claims = |records, figure: fn(&Figures) -> f64| part(results, Side::ByHand, records, Some(STORE_MS), figure);
    // With claims ours waits for an answer of the store before it asks, so that its first invocation need not.
    let start = |side| results.start(side, None).map(|start| start.initialisation_ms);
    let initialisation = start(Side::Ours).zip(start(Side::ByHand)).map(|(ours, by_hand)| ours / by_hand);
    let counted = results.instructions.ours / results.instructions.by_hand;
    vec![
        time("CPU/by hand, no claims, 10 records", cpu(10, None), 1.0),
        time("CPU/by hand, no claims, 100 records", cpu(100, None), 0.85),
        time("CPU/by hand, claims 5 ms, 10 records", cpu(10, Some(STORE_MS)), 0.40),
        time("CPU/by hand, claims 5 ms, 100 records", cpu(100, Some(STORE_MS)), 0.20),
        time("p50/by hand, claims 5 ms, 10 records", claims(10, |figures| figures.p50_ms), 0.85),
        time("p50/by hand, claims 5 ms, 100 records", claims(100, |figures| figures.p50_ms), 0.6),
        count("instructions/by hand, claims, 10 records", Some(counted), 0.35),
        time("initialisation/by hand, no claims", initialisation, 1.15),
        count("peak memory/by hand, claims, 100 records", claims(100, |figures| figures.peak_mib), 1.15),
    ]
}

fn of_ours(results: &Results) -> Vec<Limit> {
    let ours = |records, figure: fn(&Figures) -> f64| results.of(Side::Ours, records, Some(STORE_MS)).map(figure);
    vec![
        count("requests/record, 10 records", ours(10, |figures| figures.requests), 0.35),
        count("requests/record, 100 records", ours(100, |figures| figures.requests), 0.10),
        count("write units/record, 100 records", ours(100, |figures| figures.write_units), 2.0),
    ]
}

fn beside_powertools(results: &Results) -> Vec<Limit> {
    let cpu = |side| part(results, side, 100, Some(STORE_MS), |figures| figures.cpu_us);
    vec![
        time("CPU/Powertools TypeScript, claims 5 ms, 100", cpu(Side::PowertoolsTypescript), 1.0 / 25.0),
        time("CPU/Powertools Python, claims 5 ms, 100", cpu(Side::PowertoolsPython), 1.0 / 40.0),
        time("CPU/Powertools Python async, 5 ms, 100", cpu(Side::PowertoolsPythonAsync), 1.0 / 40.0),
    ]
}

/// A record costs no more where there are more of them, or where more of them are handled at a time.
fn growth(results: &Results) -> Vec<Limit> {
    let cpu = |records, store_ms, concurrency| {
        let setup = Setup { side: Side::Ours, records, store_ms, concurrency };
        results.at(setup).map(|figures| figures.cpu_us)
    };
    let many = |store_ms| Some(cpu(10_000, store_ms, None)? / cpu(100, store_ms, None)?);
    let at_a_time: Option<Vec<f64>> = LIMITS.iter().map(|&limit| cpu(100, Some(STORE_MS), Some(limit))).collect();
    vec![
        time("CPU at 10,000 records/at 100, no claims", many(None), 1.1),
        time("CPU at 10,000 records/at 100, claims 5 ms", many(Some(STORE_MS)), 1.1),
        time("CPU, 1 to 256 at a time, most/least of fewer", at_a_time.as_deref().and_then(rise), 1.1),
    ]
}

/// The most that one of the costs is of the least before it: 1 or less where they stay flat or fall, and slow growth adds up.
fn rise(costs: &[f64]) -> Option<f64> {
    let (&first, rest) = costs.split_first()?;
    let (mut least, mut rise) = (first, f64::NEG_INFINITY);
    for &cost in rest {
        rise = rise.max(cost / least);
        least = least.min(cost);
    }
    // `max` and `min` pass over what is not a number.
    costs.iter().all(|cost| cost.is_finite()).then_some(rise)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{example, starts::Start};

    fn missed(results: &Results) -> Vec<String> {
        limits(results).into_iter().filter(|limit| !limit.holds()).map(|limit| limit.what).collect()
    }

    /// With another figure of ours.
    fn with(records: usize, store_ms: Option<u64>, concurrency: Option<usize>, set: fn(&mut Figures)) -> Results {
        let (setup, mut results) = (Setup { side: Side::Ours, records, store_ms, concurrency }, example::results());
        set(&mut results.rows.iter_mut().find(|row| row.setup == setup).unwrap().figures);
        results
    }

    #[test]
    fn each_figure_that_is_missed_is_told_and_no_other() {
        assert_eq!(missed(&example::results()), [""; 0]);
        let powertools = ["TypeScript, claims 5 ms, 100", "Python, claims 5 ms, 100", "Python async, 5 ms, 100"];
        let powertools = powertools.map(|side| format!("CPU/Powertools {side}"));
        let mut told = BTreeSet::new();
        let mut check = |results: Results, expected: &[&str]| {
            assert_eq!(missed(&results), expected);
            told.extend(missed(&results));
        };
        let cpu = |figures: &mut Figures| figures.cpu_us = 1_000.0;
        check(with(10, None, None, cpu), &["CPU/by hand, no claims, 10 records"]);
        check(with(100, None, None, cpu), &["CPU/by hand, no claims, 100 records"]);
        check(with(10, Some(5), None, cpu), &["CPU/by hand, claims 5 ms, 10 records"]);
        let [typescript, python, python_async] = powertools.each_ref().map(String::as_str);
        let all = ["CPU/by hand, claims 5 ms, 100 records", typescript, python, python_async];
        check(with(100, Some(5), None, cpu), &all);
        let p50 = |figures: &mut Figures| figures.p50_ms = 9.0;
        check(with(10, Some(5), None, p50), &["p50/by hand, claims 5 ms, 10 records"]);
        check(with(100, Some(5), None, p50), &["p50/by hand, claims 5 ms, 100 records"]);
        let mut instructions = example::results();
        instructions.instructions.ours = 3.6;
        check(instructions, &["instructions/by hand, claims, 10 records"]);
        let mut slow = example::results();
        let is_it = |start: &&mut Start| (start.side, start.store_ms) == (Side::Ours, None);
        slow.starts.iter_mut().find(is_it).unwrap().initialisation_ms = 11.6;
        check(slow, &["initialisation/by hand, no claims"]);
        let large = |figures: &mut Figures| figures.peak_mib = 11.6;
        check(with(100, Some(5), None, large), &["peak memory/by hand, claims, 100 records"]);
        let requests = |figures: &mut Figures| figures.requests = 0.36;
        check(with(10, Some(5), None, requests), &["requests/record, 10 records"]);
        check(with(100, Some(5), None, requests), &["requests/record, 100 records"]);
        let units = |figures: &mut Figures| figures.write_units = 2.1;
        check(with(100, Some(5), None, units), &["write units/record, 100 records"]);
        check(with(10_000, None, None, cpu), &["CPU at 10,000 records/at 100, no claims"]);
        check(with(10_000, Some(5), None, cpu), &["CPU at 10,000 records/at 100, claims 5 ms"]);
        check(with(100, Some(5), Some(64), cpu), &["CPU, 1 to 256 at a time, most/least of fewer"]);
        assert_eq!(told, limits(&example::results()).into_iter().map(|limit| limit.what).collect());
    }

    #[test]
    fn what_is_absent_does_not_hold_and_a_quick_run_has_fewer_figures() {
        let whole = Results { rows: Vec::new(), starts: Vec::new(), ..example::results() };
        assert_eq!(missed(&whole).len(), limits(&whole).len() - 1);
        let quick = Results { is_whole: false, ..example::results() };
        assert_eq!((limits(&whole).len(), limits(&quick).len()), (18, 12));
    }

    #[test]
    fn what_is_counted_is_told_apart_from_times() {
        let counts = limits(&example::results()).into_iter().filter(|limit| !limit.is_time);
        let counts: Vec<_> = counts.map(|limit| limit.what).collect();
        let expected = [
            "instructions/by hand, claims, 10 records",
            "peak memory/by hand, claims, 100 records",
            "requests/record, 10 records",
            "requests/record, 100 records",
            "write units/record, 100 records",
        ];
        assert_eq!(counts, expected);
    }

    #[test]
    fn costs_that_stay_flat_or_fall_do_not_rise() {
        assert_eq!(rise(&[4.0, 2.0, 2.0, 1.0]), Some(1.0));
        assert_eq!(rise(&[4.0, 2.0, 1.0]), Some(0.5));
        assert_eq!(rise(&[4.0, 1.0, 1.05, 1.25]), Some(1.25));
        assert_eq!(rise(&[4.0, f64::NAN, 1.0]), None);
        assert_eq!(rise(&[]), None);
    }
}
