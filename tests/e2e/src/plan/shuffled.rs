//! Messages of a standard queue, in an order that means nothing.

use super::{Kind, Planned, orders};
use crate::chance::Chance;

/// Of a kind, so many beside those of other kinds. `FailsAlways` is the dearest: it is received until the redrive policy takes it.
pub(super) type Deck = [(Kind, usize)];

const ORDERS: &Deck = &[
    (Kind::Good, 8),
    (Kind::SentTwice, 2),
    (Kind::Redelivered, 2),
    (Kind::Undecodable, 2),
    (Kind::Rejected, 2),
    (Kind::FailsTwice, 2),
    (Kind::FailsAlways, 1),
];

/// A second message of the same work comes after at most so many others: at times in the same batch.
const DISTANCE: usize = 40;

/// That many messages of the shop.
pub(crate) fn shuffled(seed: u64, count: usize) -> Vec<Planned> {
    dealt(seed, count, ORDERS, |kind, nth| orders::message(kind, &format!("S-{seed}-{nth}"), nth, None))
}

/// That many messages, each by its kind and number.
pub(super) fn dealt(seed: u64, count: usize, deck: &Deck, message: impl Fn(Kind, usize) -> Planned) -> Vec<Planned> {
    let mut chance = Chance::new(seed);
    let mut placed: Vec<(usize, Planned)> = Vec::new();
    let mut nth = 0;
    while placed.len() < count {
        let mut kinds: Vec<Kind> = deck.iter().flat_map(|(kind, times)| std::iter::repeat_n(*kind, *times)).collect();
        chance.shuffle(&mut kinds);
        for kind in kinds {
            nth += 1;
            let message = message(kind, nth);
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
