//! What each receive of the mappings came to: exactly one thing.

use std::collections::BTreeMap;

use crate::testkit::queue::Received;

/// By queue and receipt: how many causes each receive of a mapping has.
#[derive(Default)]
pub(super) struct Causes(BTreeMap<(usize, u64), u32>);

impl Causes {
    /// A mapping receives these.
    pub(super) fn hand_out(&mut self, queue: usize, received: &[Received]) {
        self.0.extend(received.iter().map(|received| ((queue, received.receipt), 0)));
    }

    /// A receive came to an outcome, or is burnt.
    pub(super) fn comes_to_something(&mut self, queue: usize, receipt: u64) {
        *self.0.entry((queue, receipt)).or_default() += 1;
    }

    /// What does not have exactly one.
    pub(super) fn violations(&self) -> Vec<String> {
        let wrong = self.0.iter().filter(|(_, causes)| **causes != 1);
        let told = |((queue, receipt), causes): (&(usize, u64), &u32)| {
            format!("I29: receive {receipt} of queue {queue} has {causes} causes")
        };
        wrong.map(told).collect()
    }
}
