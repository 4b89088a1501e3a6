//! Texts with another account in place of those that must not leave their deployment.

/// The account of AWS's documentation, in place of any other.
const ACCOUNT: &str = "123456789012";

/// The text with another account in place of each number of 12 digits: for texts of AWS's own, such as an Amazon Resource Name.
pub(super) fn replaced(text: &str) -> String {
    replaced_where(text, |_, _| true)
}

/// The same for a text of anybody's, where 12 digits may be an order: in an Amazon Resource Name, in the URL of a queue, in a field of that
/// name, and wherever it is this account.
pub(super) fn replaced_by_name(text: &str, own: Option<&str>) -> String {
    replaced_where(text, |before, digits| Some(digits) == own || is_named(before))
}

fn replaced_where(text: &str, is_account: impl Fn(&str, &str) -> bool) -> String {
    let (mut redacted, mut at) = (String::with_capacity(text.len()), 0);
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        let (before, rest) = (text.get(..at).unwrap_or_default(), part.get(digits.len()..).unwrap_or_default());
        let is_one = digits.len() == ACCOUNT.len() && is_account(before, digits);
        redacted.push_str(if is_one { ACCOUNT } else { digits });
        redacted.push_str(rest);
        at += part.len();
    }
    redacted
}

/// Whether what stands before a number says that it is an account. No name of one is longer than what is looked at.
fn is_named(before: &str) -> bool {
    let before = before.get(before.floor_char_boundary(before.len().saturating_sub(256))..).unwrap_or_default();
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    let word = before.rsplit(|c| !is_of_a_name(c)).next().unwrap_or_default();
    let field = before.trim_end_matches(|c: char| c.is_ascii_whitespace() || "\"\\:".contains(c)).to_ascii_lowercase();
    (word.starts_with("arn:") && word.ends_with(':'))
        || (word.contains("amazonaws.com") && word.ends_with('/'))
        || ["account", "accountid", "account_id"].iter().any(|name| field.ends_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_aws_each_number_of_twelve_digits_is_an_account() {
        for (text, redacted) in [
            ("arn:aws:sqs:eu-west-1:998877665544:orders", "arn:aws:sqs:eu-west-1:123456789012:orders"),
            ("998877665544", "123456789012"),
            ("99887766554 9988776655443", "99887766554 9988776655443"),
        ] {
            assert_eq!(replaced(text), redacted);
        }
    }

    #[test]
    fn of_anybody_only_what_is_named_as_one() {
        for (text, redacted) in [
            (
                r#"{"TopicArn" : "arn:aws:sns:eu-west-1:998877665544:placed"}"#,
                r#"{"TopicArn" : "arn:aws:sns:eu-west-1:123456789012:placed"}"#,
            ),
            (r#"{"account":"998877665544"}"#, r#"{"account":"123456789012"}"#),
            (r#"{"awsAccountId": 998877665544}"#, r#"{"awsAccountId": 123456789012}"#),
            (r#"{\"account\": \"998877665544\"}"#, r#"{\"account\": \"123456789012\"}"#),
            (
                "https://sqs.eu-west-1.amazonaws.com/998877665544/orders",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
            ),
            (
                "?SubscriptionArn=arn:aws:sns:eu-west-1:998877665544:placed:1",
                "?SubscriptionArn=arn:aws:sns:eu-west-1:123456789012:placed:1",
            ),
            ("of 111122223333, really", "of 123456789012, really"),
            (
                r#"{"orderId":"998877665544","ean":"4006381333931"}"#,
                r#"{"orderId":"998877665544","ean":"4006381333931"}"#,
            ),
        ] {
            assert_eq!(replaced_by_name(text, Some("111122223333")), redacted);
        }
    }
}
