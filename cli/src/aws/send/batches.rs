//! Which messages go in one call: pure.

use std::collections::BTreeSet;

use sqs_runtime::queue::{DeadLetter, MAX_ENTRIES};

use super::Letter;

/// The places of letters, call by call: at most ten, at most 1 MiB together.
///
/// On a FIFO queue no two of a group in one call, and none behind one that failed: an entry of a call may fail alone, and what comes
/// after it in its group would overtake it.
pub(super) struct Batches<'a> {
    letters: &'a [Letter],
    is_fifo: bool,
    next: usize,
    stopped: BTreeSet<&'a str>,
}

impl<'a> Batches<'a> {
    pub(super) fn new(letters: &'a [Letter], is_fifo: bool) -> Self {
        Self { letters, is_fifo, next: 0, stopped: BTreeSet::new() }
    }

    /// The places of the next call; `None` where nothing is left.
    pub(super) fn next(&mut self) -> Option<Vec<usize>> {
        let (mut places, mut bytes, mut groups) = (Vec::new(), 0, BTreeSet::new());
        while let Some(letter) = self.letters.get(self.next) {
            let group = self.lane(letter);
            if letter.is_too_large() || group.is_some_and(|group| self.stopped.contains(group)) {
                self.stop(letter);
                self.next += 1;
                continue;
            }
            let has_room = places.len() < MAX_ENTRIES && bytes + letter.bytes() <= DeadLetter::MAX_BYTES;
            if !has_room || group.is_some_and(|group| !groups.insert(group)) {
                break;
            }
            places.push(self.next);
            bytes += letter.bytes();
            self.next += 1;
        }
        (!places.is_empty()).then_some(places)
    }

    /// Nothing follows this one in its group.
    pub(super) fn stop(&mut self, letter: &'a Letter) {
        self.stopped.extend(self.lane(letter));
    }

    /// The group, where it is one of order.
    fn lane(&self, letter: &'a Letter) -> Option<&'a str> {
        letter.group().filter(|_| self.is_fifo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(all: &[(usize, &str)]) -> Vec<Letter> {
        all.iter().map(|(bytes, group)| Letter::of_text(&"x".repeat(*bytes), group)).collect()
    }

    fn calls(letters: &[Letter], is_fifo: bool) -> Vec<Vec<usize>> {
        let mut batches = Batches::new(letters, is_fifo);
        std::iter::from_fn(|| batches.next()).collect()
    }

    #[test]
    fn a_call_has_ten_messages_and_a_mebibyte_at_most() {
        let many = letters(&[(1, "a"); 21]);
        assert_eq!(calls(&many, false).iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 1]);
        let half = DeadLetter::MAX_BYTES / 2;
        let large = letters(&[(half, "a"), (half, "a"), (1, "a"), (DeadLetter::MAX_BYTES + 1, "a"), (half, "a")]);
        assert_eq!(calls(&large, false), [vec![0, 1], vec![2, 4]]);
        assert!(calls(&letters(&[(DeadLetter::MAX_BYTES + 1, "a")]), false).is_empty());
    }

    #[test]
    fn a_call_to_a_fifo_queue_has_one_of_a_group_and_none_behind_one_that_failed() {
        let letters = letters(&[(1, "a"), (1, "b"), (1, "a"), (1, "b"), (1, "a"), (1, "c")]);
        assert_eq!(calls(&letters, true), [vec![0, 1], vec![2, 3], vec![4, 5]]);
        let mut batches = Batches::new(&letters, true);
        assert_eq!(batches.next(), Some(vec![0, 1]));
        batches.stop(&letters[0]);
        assert_eq!(batches.next(), Some(vec![3, 5]));
        assert_eq!(batches.next(), None);
    }
}
