//! Values of options, each within its bounds.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

/// The value of an option that has just been read.
pub(super) fn within<T>(
    command_line: &mut lexopt::Parser,
    option: &str,
    bounds: RangeInclusive<T>,
) -> Result<T, lexopt::Error>
where
    T: FromStr + PartialOrd + Display,
{
    let value = command_line.value()?;
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|number| bounds.contains(number));
    let (low, high) = bounds.into_inner();
    number
        .ok_or_else(|| format!("{option} takes a number from {low} to {high}, not {}", value.to_string_lossy()).into())
}

/// A share or a probability.
pub(super) fn share(command_line: &mut lexopt::Parser, option: &str) -> Result<f64, lexopt::Error> {
    within(command_line, option, 0.0..=1.0)
}

/// An option that must be there.
pub(super) fn required<T>(value: Option<T>, option: &str) -> Result<T, lexopt::Error> {
    value.ok_or_else(|| format!("{option} is missing").into())
}

/// A seed that nobody chose. 32 bits, to keep the names short that are made of it.
pub(super) fn drawn_seed() -> Result<u64, getrandom::Error> {
    getrandom::u32().map(u64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_number_from_0_to_1() {
        let share = |value: &str| share(&mut lexopt::Parser::from_args([value]), "--twice").map_err(|e| e.to_string());
        assert_eq!((share("0"), share("0.25"), share("1")), (Ok(0.0), Ok(0.25), Ok(1.0)));
        for wrong in ["-0.1", "1.1", "NaN", "inf", "half", ""] {
            assert_eq!(share(wrong), Err(format!("--twice takes a number from 0 to 1, not {wrong}")));
        }
    }
}
