//! Which keys were charged. Pure: no clock, no I/O, no chance.

use std::collections::{HashMap, hash_map::Entry};

use serde::Serialize;

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Verdict {
    /// The money was taken now.
    Now,
    /// It was taken by an earlier call with the same key and body.
    Before,
    /// The key has charged something else.
    KeyReused,
    /// The card was declined.
    Declined,
    /// The provider is down.
    Unavailable,
    /// The ledger holds as many keys as it may.
    Full,
    /// The call has no key, or a body that is not understood.
    BadRequest,
}

/// The charges of one provider, by key.
pub(super) struct Ledger {
    rows: HashMap<String, Row>,
    max_keys: usize,
}

#[derive(Default)]
struct Row {
    calls: u64,
    charge: Option<Charge>,
}

struct Charge {
    payment_token: String,
    total_cents: u64,
}

/// A charge that was made, as `GET /charges` lists it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    pub(super) total_cents: u64,
    pub(super) calls: u64,
}

impl Ledger {
    pub(super) fn new(max_keys: usize) -> Self {
        Self { rows: HashMap::new(), max_keys }
    }

    /// Counts a call with a key, and says which one it is. `None` where the key is new and no further one fits.
    pub(super) fn call(&mut self, key: &str) -> Option<u64> {
        let is_full = self.rows.len() >= self.max_keys;
        let row = match self.rows.entry(key.to_owned()) {
            Entry::Vacant(_) if is_full => return None,
            entry => entry.or_default(),
        };
        row.calls += 1;
        Some(row.calls)
    }

    /// Charges a key once. A key is bound to its first charge: with another body it is refused, whatever its card says.
    pub(super) fn charge(&mut self, key: &str, payment_token: &str, total_cents: u64) -> Verdict {
        let Some(row) = self.rows.get_mut(key) else { return Verdict::Full };
        match &row.charge {
            Some(made) if made.payment_token == payment_token && made.total_cents == total_cents => Verdict::Before,
            Some(_) => Verdict::KeyReused,
            None if payment_token == "tok_declined" => Verdict::Declined,
            None if payment_token == "tok_unavailable" => Verdict::Unavailable,
            None => {
                row.charge = Some(Charge { payment_token: payment_token.to_owned(), total_cents });
                Verdict::Now
            }
        }
    }

    /// The charges that were made. Their order says nothing.
    pub(super) fn charges(&self) -> impl Iterator<Item = (&str, Made)> {
        self.rows.iter().filter_map(|(key, row)| {
            let charge = row.charge.as_ref()?;
            Some((key.as_str(), Made { total_cents: charge.total_cents, calls: row.calls }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_charged_once_and_only_for_what_it_was_first_charged_for() {
        let mut ledger = Ledger::new(10);
        assert_eq!((ledger.call("a"), ledger.charge("a", "tok_visa", 5)), (Some(1), Verdict::Now));
        assert_eq!((ledger.call("a"), ledger.charge("a", "tok_visa", 5)), (Some(2), Verdict::Before));
        for (token, cents) in [("tok_visa", 6), ("tok_amex", 5), ("tok_declined", 5)] {
            assert_eq!(ledger.charge("a", token, cents), Verdict::KeyReused);
        }
        assert_eq!(ledger.charges().collect::<Vec<_>>(), [("a", Made { total_cents: 5, calls: 2 })]);
    }

    #[test]
    fn a_refused_card_binds_no_key() {
        let mut ledger = Ledger::new(10);
        ledger.call("a");
        assert_eq!(ledger.charge("a", "tok_declined", 5), Verdict::Declined);
        assert_eq!(ledger.charge("a", "tok_unavailable", 5), Verdict::Unavailable);
        assert_eq!(ledger.charges().count(), 0);
        assert_eq!(ledger.charge("a", "tok_visa", 5), Verdict::Now);
    }
}
