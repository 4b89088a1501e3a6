//! The mail.

use lettre::{
    Address, Message,
    message::{Mailbox, header::ContentType},
};
use sqs_runtime::claim::IdempotencyKey;

use crate::Confirmation;

/// Where the shop's mail comes from.
const DOMAIN: &str = "shop.example";

/// The `Message-ID` of a confirmation: the same at every attempt, so that a repetition can be told from a second mail.
///
/// The hash of the key is in URL-safe base64, all of which may stand in an id as it is. The namespace in front may not.
#[must_use]
pub fn message_id(key: &IdempotencyKey) -> String {
    let hash = key.hash();
    format!("<{hash}@{DOMAIN}>")
}

/// Writes the mail. Its headers are typed: a text in one of them cannot become another header. Only its `Date` is that of the
/// attempt.
pub(crate) fn write(key: &IdempotencyKey, what: &Confirmation, to: Address) -> Result<Message, lettre::error::Error> {
    let Confirmation { order_id, total_cents, .. } = what;
    let text = format!(
        "Thank you for your order {order_id}.\r\nWe charged {}.{:02}.\r\n",
        total_cents / 100,
        total_cents % 100
    );
    // Both halves are constants, so there is nothing to check.
    let shop = Mailbox::new(Some("The shop".into()), Address::new_dangerous("orders", DOMAIN));
    Message::builder()
        .from(shop)
        .to(Mailbox::new(None, to))
        .subject(format!("Your order {order_id}"))
        .message_id(Some(message_id(key)))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(order_id: &str) -> String {
        let what = Confirmation { order_id: order_id.into(), customer_id: "C-1".into(), total_cents: 4_905 };
        let key = IdempotencyKey::derive("confirmations", &[b"A-1001"]);
        let to = Address::new("c-1", "customers.example").expect("an address");
        let mail = write(&key, &what, to).expect("a mail");
        String::from_utf8(mail.formatted()).expect("text")
    }

    fn header_names(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().expect("a head");
        let is_no_continuation = |line: &&str| !line.starts_with([' ', '\t']);
        head.split("\r\n").filter(is_no_continuation).filter_map(|line| Some(line.split_once(':')?.0)).collect()
    }

    #[test]
    fn a_mail_says_what_was_charged_and_has_the_id_of_its_key() {
        let mail = written("A-1001");
        let hash = IdempotencyKey::derive("confirmations", &[b"A-1001"]).as_str()["confirmations#".len()..].to_owned();
        for line in [
            "From: \"The shop\" <orders@shop.example>",
            "To: c-1@customers.example",
            "Subject: Your order A-1001",
            &format!("Message-ID: <{hash}@shop.example>"),
            "We charged 49.05.",
        ] {
            assert!(mail.lines().any(|written| written == line), "{line}\n{mail}");
        }
    }

    /// The handler lets no such id through; this is the second net.
    #[test]
    fn no_text_becomes_a_header() {
        let names = header_names(&written("A-1001")).len();
        for id in ["A\r\nBcc: all@elsewhere.example", "A\nBcc: x", "A\rBcc: x", "A\r\n\r\nbody", "Ä\r\nBcc: x"] {
            let mail = written(id);
            assert_eq!(header_names(&mail).len(), names, "{id:?}\n{mail}");
            assert!(
                !mail.split("\r\n\r\n").next().expect("a head").lines().any(|line| line.starts_with("Bcc")),
                "{mail}"
            );
        }
    }

    #[test]
    fn a_namespace_does_not_get_into_the_id() {
        let key = IdempotencyKey::derive("a #>\r\n", &[b"A-1001"]);
        let id = message_id(&key);
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "<>@.-_".contains(c);
        assert!(id.chars().all(is_allowed) && id.len() == "<@shop.example>".len() + 43, "{id}");
    }
}
