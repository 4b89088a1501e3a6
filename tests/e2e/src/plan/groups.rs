//! Messages of a FIFO queue: groups of some, that stand between each other.

use super::{Kind, Planned, orders};
use crate::chance::Chance;

/// So many groups are sent at the same time.
const BESIDE_EACH_OTHER: usize = 12;

/// That many messages of the shop.
pub(crate) fn groups(seed: u64, count: usize) -> Vec<Planned> {
    let mut chance = Chance::new(seed);
    beside_each_other(count, |number| group(&mut chance, seed, number))
}

/// That many messages, of as many groups as it takes.
pub(super) fn beside_each_other(count: usize, mut group: impl FnMut(usize) -> Vec<Planned>) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut numbers = 0..;
    while planned.len() < count {
        let mut groups: Vec<_> =
            numbers.by_ref().take(BESIDE_EACH_OTHER).map(|number| group(number).into_iter()).collect();
        // One of each, then the second of each, until none is left.
        loop {
            let before = planned.len();
            planned.extend(groups.iter_mut().filter_map(Iterator::next));
            if planned.len() == before {
                break;
            }
        }
    }
    planned.truncate(count);
    planned
}

/// The messages of one group. At most one of them fails for a while: each of its tries costs those behind it a receive.
fn group(chance: &mut Chance, seed: u64, number: usize) -> Vec<Planned> {
    let name = format!("G-{seed}-{number}");
    let failing = match number % 4 {
        0 | 1 => Kind::FailsTwice,
        2 => Kind::FailsAlways,
        _ => Kind::Good,
    };
    let broken = if number.is_multiple_of(2) { Kind::Undecodable } else { Kind::Rejected };
    let mut kinds = [Kind::Good, Kind::Good, Kind::Conflict, Kind::SentTwice, broken, failing];
    chance.shuffle(&mut kinds);
    let nth = |place: usize| number * (kinds.len() + 1) + place;
    let message = |kind, place| orders::message(kind, &format!("F-{seed}-{}", nth(place)), nth(place), Some(&name));
    let first = message(Kind::Redelivered, 0);
    let mut messages = vec![first.clone()];
    for (kind, place) in kinds.into_iter().zip(1..) {
        match kind {
            Kind::Conflict => messages.push(orders::conflict(&first, nth(place))),
            Kind::SentTwice => messages.extend([message(kind, place), message(kind, place)]),
            _ => messages.push(message(kind, place)),
        }
    }
    messages
}
