//! Messages of a standard queue, in an order that means nothing.

use super::{Kind, Planned, orders};
use crate::chance::Chance;

/// Of so many orders. `FailsAlways` is the dearest: it is received until the redrive policy takes it.
const DECK: [(Kind, usize); 7] = [
    (Kind::Good, 8),
    (Kind::SentTwice, 2),
    (Kind::Redelivered, 2),
    (Kind::Undecodable, 2),
    (Kind::Rejected, 2),
    (Kind::FailsTwice, 2),
    (Kind::FailsAlways, 1),
];

/// A second message of an order comes after at most so many others: at times in the same batch.
const DISTANCE: usize = 40;

/// That many messages.
pub(crate) fn shuffled(seed: u64, count: usize) -> Vec<Planned> {
    let mut chance = Chance::new(seed);
    let mut placed: Vec<(usize, Planned)> = Vec::new();
    let mut nth = 0;
    while placed.len() < count {
        let mut deck: Vec<Kind> = DECK.into_iter().flat_map(|(kind, times)| std::iter::repeat_n(kind, times)).collect();
        chance.shuffle(&mut deck);
        for kind in deck {
            nth += 1;
            let message = orders::message(kind, &format!("S-{seed}-{nth}"), nth, None);
            if kind == Kind::SentTwice {
                placed.push((nth + chance.below(DISTANCE), message.clone()));
            }
            placed.push((nth, message));
        }
    }
    placed.truncate(count);
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, message)| message).collect()
}
