//! Entries of the ledger: a group for each account.
//!
//! An account's balance is all that is seen of its entries, so they are looked at together. That they were posted in order is seen too: some
//! entries take all that was there before them, and would be refused if it were not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{End, Kind, Planned, groups::beside_each_other};
use crate::{
    account::{Effect, Sent},
    aws::Row,
    chance::Chance,
};

/// That many messages.
pub(crate) fn entries(seed: u64, count: usize) -> Vec<Planned> {
    let mut chance = Chance::new(seed);
    beside_each_other(count, |number| account(&mut chance, &format!("L-{seed}-{number}"), number))
}

fn account(chance: &mut Chance, account: &str, number: usize) -> Vec<Planned> {
    let broken = if number.is_multiple_of(2) { Kind::Undecodable } else { Kind::Rejected };
    let mut kinds = [Kind::Good, Kind::Good, Kind::Good, Kind::SentTwice, Kind::Conflict, broken];
    chance.shuffle(&mut kinds);
    let mut balance = 0;
    let mut entries = Vec::new();
    for (kind, place) in std::iter::once(Kind::Redelivered).chain(kinds).zip(1..) {
        let takes_all = kind == Kind::Good && balance > 0 && chance.below(2) == 0;
        let amount = if takes_all { -balance } else { 100 + 7 * place };
        let entry = entry(kind, account, place, amount);
        if matches!(entry.end, End::Done(_)) {
            balance += amount;
        }
        if kind == Kind::SentTwice {
            entries.push(entry.clone());
        }
        entries.push(entry);
    }
    entries
}

fn entry(kind: Kind, account: &str, place: i64, amount: i64) -> Planned {
    let dead = |reason, error| End::Dead { reason, error };
    let (number, currency) = match kind {
        // The first entry once more, with another amount.
        Kind::Conflict => (1, "EUR"),
        Kind::Rejected => (place, "XXX"),
        _ => (place, "EUR"),
    };
    let body = json!({"account": account, "entry": number, "amountCents": amount, "currency": currency}).to_string();
    let (body, runs, end) = match kind {
        Kind::Conflict => (body, 0, dead("the key was completed with another payload", None)),
        Kind::Rejected => (body, 1, dead("the handler failed", Some("the currency is unknown"))),
        Kind::Undecodable => (body.replace('}', ""), 0, dead("no idempotency key", None)),
        _ => (body, 1, End::Done(amount.to_string())),
    };
    Planned { kind, body, group: Some(account.to_owned()), work: format!("{account}-{place}"), runs, end }
}

/// What the balances say of each entry: if an account's is the sum of what it should have, each entry is in it once.
pub(crate) fn effects_of_entries(sent: &[Sent], rows: &[Row]) -> BTreeMap<String, Effect> {
    rows.iter().flat_map(|row| effects_of_account(sent, row)).collect()
}

fn effects_of_account(sent: &[Sent], row: &Row) -> Vec<(String, Effect)> {
    let (account, cents, entries) = (row.text("account"), row.number::<i64>("cents"), row.number::<usize>("entries"));
    let of_account = sent.iter().filter(|sent| sent.planned.group.as_deref() == Some(&account));
    let due: BTreeSet<(&str, &str)> = of_account.filter_map(|sent| due(&sent.planned)).collect();
    let is_sum = due.iter().filter_map(|(_, amount)| amount.parse::<i64>().ok()).sum::<i64>() == cents;
    if due.is_empty() {
        return vec![(account, Effect { times: 1, what: format!("{cents} cents") })];
    }
    let effect = |amount: &str| Effect {
        times: if entries > due.len() { 2 } else { 1 },
        what: if is_sum && entries == due.len() { amount.to_owned() } else { format!("{cents} cents of {entries}") },
    };
    due.iter().map(|(work, amount)| ((*work).to_owned(), effect(amount))).collect()
}

/// Work that has to be in the balance, and its amount.
fn due(planned: &Planned) -> Option<(&str, &str)> {
    match &planned.end {
        End::Done(amount) => Some((&planned.work, amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn a_balance_that_is_no_sum_is_no_effect_of_its_entries() {
        let sent = |planned| Sent { planned, message_id: String::new() };
        let sent: Vec<_> = entries(1, 96).into_iter().map(sent).collect();
        let of_account = |sent: &&Sent| sent.planned.group.as_deref() == Some("L-1-0");
        let due: BTreeMap<_, _> = sent.iter().filter(of_account).filter_map(|sent| due(&sent.planned)).collect();
        let sum: i64 = due.values().map(|amount| amount.parse::<i64>().expect("a number")).sum();
        let effects = |cents: i64, entries: usize| {
            let number = |number: String| AttributeValue::N(number);
            let row = [
                ("account".to_owned(), AttributeValue::S("L-1-0".into())),
                ("cents".to_owned(), number(cents.to_string())),
                ("entries".to_owned(), number(entries.to_string())),
            ];
            effects_of_entries(&sent, &[Row(row.into())])
        };
        let as_due = |effects: &BTreeMap<String, Effect>| {
            effects.iter().all(|(work, effect)| effect.times == 1 && due.get(work.as_str()) == Some(&&*effect.what))
        };
        assert!(as_due(&effects(sum, due.len())) && effects(sum, due.len()).len() == due.len());
        assert!(!as_due(&effects(sum + 1, due.len())));
        assert!(!as_due(&effects(sum, due.len() - 1)));
        assert!(effects(sum, due.len() + 1).values().all(|effect| effect.times == 2));
    }
}
