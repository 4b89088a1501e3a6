//! How long a subscriber asks to be left alone: the header `Retry-After` (RFC 9110, 10.2.3).

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The time that the header asks for, in whole seconds or until a date; `None` without one that can be read. A date that is past asks
/// for no time.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        // Longer than any number of seconds that fits is longer than SQS hides a message.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-15 08:00:00 UTC, a Friday.
    const NOW: Duration = Duration::from_secs(1_800_000_000);

    fn asked(value: &'static str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().expect("a header"))]);
        retry_after(&headers, SystemTime::UNIX_EPOCH + NOW).map(|time| time.as_secs())
    }

    #[test]
    fn seconds_and_all_three_forms_of_dates_are_understood() {
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Fri, 15 Jan 2027 08:01:30 GMT", Some(90)),
            ("Friday, 15-Jan-27 08:01:30 GMT", Some(90)),
            ("Fri Jan 15 08:01:30 2027", Some(90)),
            ("Fri, 15 Jan 2027 07:59:59 GMT", Some(0)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(asked(value), seconds, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH + NOW), None);
    }
}
