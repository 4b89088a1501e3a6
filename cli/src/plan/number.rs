//! From measures to counts.

/// The least whole number that is not below this one, and 0 for what is no number. What differs by the rounding of a computer counts
/// as equal: 0.1 + 0.2 is 0.3.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and nothing here comes near"
)]
pub(super) fn up(measure: f64) -> u64 {
    (measure - measure.abs() * 1e-12).ceil().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::up;

    #[test]
    fn a_count_is_rounded_up_but_not_for_what_is_the_computers_own() {
        let cases = [(0.0, 0), (0.2, 1), (3.0, 3), (3.000_001, 4), ((0.1 + 0.2) * 10.0, 3), (-1.5, 0), (f64::NAN, 0)];
        for (measure, count) in cases {
            assert_eq!(up(measure), count, "{measure}");
        }
    }
}
