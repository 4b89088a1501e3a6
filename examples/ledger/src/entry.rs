//! What a message says.

use std::fmt;

use serde::Deserialize;

/// The one currency of this ledger.
const CURRENCY: &str = "EUR";

/// An entry of an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Whose balance moves; also the message group.
    pub account: String,
    /// Counts the entries of the account: with it the account names the entry.
    pub entry: u64,
    /// What the account gets, in cents; below zero what is taken from it.
    pub amount_cents: i64,
    /// In which currency, such as `EUR`.
    pub currency: String,
}

impl Entry {
    /// Whether it can be posted at all, as far as the message alone tells. `group` is the message group that it came in.
    ///
    /// # Errors
    ///
    /// If it never can.
    pub fn check(&self, group: &str) -> Result<(), EntryError> {
        match self {
            // Its account's other entries come in another group: between them and this one there is no order.
            Self { account, .. } if account != group => Err(EntryError::OtherGroup),
            Self { currency, .. } if currency != CURRENCY => Err(EntryError::UnknownCurrency),
            Self { amount_cents: 0, .. } => Err(EntryError::NothingMoves),
            _ => Ok(()),
        }
    }
}

/// Why an entry can never be posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// Its message group is not its account.
    OtherGroup,
    /// Its currency is not the ledger's.
    UnknownCurrency,
    /// Its amount is zero.
    NothingMoves,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherGroup => "the message group is not the entry's account",
            Self::UnknownCurrency => "the currency is unknown",
            Self::NothingMoves => "the amount is zero",
        })
    }
}

impl std::error::Error for EntryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_moves_an_amount_of_the_ledgers_currency_in_its_accounts_group() {
        let entry = |amount_cents, currency: &str| Entry {
            account: "A".into(),
            entry: 1,
            amount_cents,
            currency: currency.into(),
        };
        for amount in [1, -1, i64::MAX, i64::MIN] {
            assert_eq!(entry(amount, "EUR").check("A"), Ok(()));
        }
        assert_eq!(entry(1, "EUR").check("B"), Err(EntryError::OtherGroup));
        assert_eq!(entry(1, "XXX").check("A"), Err(EntryError::UnknownCurrency));
        assert_eq!(entry(0, "EUR").check("A"), Err(EntryError::NothingMoves));
    }
}
