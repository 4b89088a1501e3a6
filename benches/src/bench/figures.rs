//! What a trial came to, and the medians of several.

use serde::Serialize;

/// What one trial came to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Figures {
    /// User and system time of the process for each record, in microseconds, after the warm-up.
    pub(crate) cpu_us: f64,
    /// Half of the invocations took no longer, in milliseconds.
    pub(crate) p50_ms: f64,
    /// All but one of a hundred.
    pub(crate) p99_ms: f64,
    /// From the start of the process until it asked for its first invocation.
    pub(crate) initialisation_ms: f64,
    /// The first invocation.
    pub(crate) first_ms: f64,
    /// The most memory that the process ever had.
    pub(crate) peak_mib: f64,
    /// Requests to the store for each record.
    pub(crate) requests: f64,
    /// Write units for each record.
    pub(crate) write_units: f64,
    /// Microseconds for each record from the arrival of its requests at the store until their answers were ready.
    pub(crate) store_us: f64,
}

impl Figures {
    /// The median of each figure.
    pub(crate) fn medians(trials: &[Self]) -> Self {
        let median = |figure: fn(&Self) -> f64| percentile(trials.iter().map(figure).collect(), 50);
        Self {
            cpu_us: median(|figures| figures.cpu_us),
            p50_ms: median(|figures| figures.p50_ms),
            p99_ms: median(|figures| figures.p99_ms),
            initialisation_ms: median(|figures| figures.initialisation_ms),
            first_ms: median(|figures| figures.first_ms),
            peak_mib: median(|figures| figures.peak_mib),
            requests: median(|figures| figures.requests),
            write_units: median(|figures| figures.write_units),
            store_us: median(|figures| figures.store_us),
        }
    }
}

/// The value that so many of a hundred do not exceed. Of two in the middle it is the smaller.
pub(crate) fn percentile(mut values: Vec<f64>, of_hundred: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() * of_hundred).div_ceil(100).saturating_sub(1);
    values.get(place).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        assert_eq!(percentile(vec![3.0, 1.0, 2.0], 50), 2.0);
        assert_eq!(percentile((1..=200).map(f64::from).collect(), 99), 198.0);
        assert_eq!(percentile(vec![7.0], 99), 7.0);
        assert!(percentile(Vec::new(), 50).is_nan());
    }
}
