//! What a message says.

use std::fmt;

use serde::Deserialize;

/// A confirmation, as it comes out of the shop's outbox.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// Names the order; printable characters, at most 64.
    pub order_id: String,
    /// Who ordered; the address book knows where that customer gets mail.
    pub customer_id: String,
    /// What was charged, in cents.
    pub total_cents: u64,
}

impl Confirmation {
    /// Whether a mail can be written about it.
    ///
    /// # Errors
    ///
    /// If the order's name is one that the shop never gives.
    pub fn check(&self) -> Result<(), BadOrderId> {
        const MAX_ID_CHARS: usize = 64;
        let id = &self.order_id;
        // The id goes into the subject and into the log as it is.
        if id.is_empty() || id.chars().any(|c| c.is_control() || c == ' ') || id.chars().count() > MAX_ID_CHARS {
            return Err(BadOrderId);
        }
        Ok(())
    }
}

impl fmt::Debug for Confirmation {
    /// The customer does not belong into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation").field("order_id", &self.order_id).finish_non_exhaustive()
    }
}

/// The order's name is empty, too long, or has spaces or control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadOrderId;

impl fmt::Display for BadOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the order id is empty, too long or not printable")
    }
}

impl std::error::Error for BadOrderId {}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(order_id: &str) -> Confirmation {
        Confirmation { order_id: order_id.into(), customer_id: "C-1".into(), total_cents: 4_999 }
    }

    #[test]
    fn an_order_id_is_one_printable_word() {
        let longest = "A".repeat(64);
        for good in ["A-1001", "Ä-1001", &longest] {
            assert_eq!(named(good).check(), Ok(()), "{good}");
        }
        let too_long = "A".repeat(65);
        for bad in ["", "A 1001", "A-1001\r\nBcc: all@elsewhere.example", "A\0", "A\u{7f}", &too_long] {
            assert_eq!(named(bad).check(), Err(BadOrderId), "{bad:?}");
        }
    }

    #[test]
    fn debug_hides_the_customer() {
        let shown = format!("{:?}", named("A-1001"));
        assert!(shown.contains("A-1001") && !shown.contains("C-1"), "{shown}");
    }
}
