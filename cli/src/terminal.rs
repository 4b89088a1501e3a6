//! Texts for people.

/// Somebody's text as it may stand on a terminal: control characters would be obeyed there, and what turns the reading direction could
/// hide the end of a line.
pub(crate) fn printable(text: &str) -> String {
    let shown = |char: char| if is_obeyed(char) { char.escape_unicode().collect() } else { vec![char] };
    text.chars().flat_map(shown).collect()
}

fn is_obeyed(char: char) -> bool {
    let turns =
        matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    char.is_control() || turns
}

/// The text without the numbers of accounts: who reads it did not ask for them.
#[cfg(feature = "aws")]
pub(crate) fn without_accounts(text: &str) -> String {
    const DIGITS: usize = 12;
    let parts = text.split_inclusive(|char: char| !char.is_ascii_digit()).map(|part| {
        let digits = part.trim_end_matches(|char: char| !char.is_ascii_digit());
        if digits.len() == DIGITS { part.replace(digits, "ACCOUNT") } else { part.to_owned() }
    });
    parts.collect()
}

/// A time in its largest unit that is not too coarse: `90 s`, `15 min`, `36 h`, `3 days`.
#[cfg(feature = "aws")]
pub(crate) fn span(seconds: u64) -> String {
    let units = [(86_400, "days"), (3_600, "h"), (60, "min")];
    let unit = units.into_iter().find(|(length, _)| seconds >= 2 * length);
    unit.map_or_else(|| format!("{seconds} s"), |(length, name)| format!("{} {name}", seconds / length))
}

/// `1 message`, `2 messages`.
#[cfg(feature = "aws")]
pub(crate) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\u{202e}c\u{9b}é"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{202e}c\\u{9b}é");
    }

    #[cfg(feature = "aws")]
    #[test]
    fn an_account_is_a_number_of_twelve_digits() {
        let said = "arn:aws:sts::123456789012:assumed-role/x may not, 123456789012";
        assert_eq!(super::without_accounts(said), "arn:aws:sts::ACCOUNT:assumed-role/x may not, ACCOUNT");
        assert_eq!(super::without_accounts("1795911509034, 12 of 40"), "1795911509034, 12 of 40");
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_time_has_a_unit_that_says_enough() {
        for (seconds, text) in [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (172_800, "2 days")] {
            assert_eq!(super::span(seconds), text);
        }
        assert_eq!([super::count(1, "message"), super::count(0, "message")], ["1 message", "0 messages"]);
    }
}
