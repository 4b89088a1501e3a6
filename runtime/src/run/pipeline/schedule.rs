//! What may start next, and the slot of every record: pure.
//!
//! Slots are made before anything starts, one for each record. A record becomes ready when everything it waits for is
//! settled; ready records are handed out in the order of the event.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::{
    last_word::{self, LastWord},
    plan::{Links, Wait},
    slips::Slips,
};
use crate::outcome::{Outcome, Reason, ReasonClass};

/// The state of a batch while it runs.
pub(super) struct Schedule {
    nodes: Vec<Node>,
    /// First those that never came before, in the order of the event.
    ready: BinaryHeap<Reverse<(bool, u32)>>,
    unsettled: usize,
    /// Why nothing starts any more.
    closed: Option<ReasonClass>,
    group_goes_on: bool,
}

struct Node {
    links: Links,
    waits: u8,
    /// It may have come before.
    is_late: bool,
    slot: Slot,
}

/// What is known of one record: its outcome once it is settled, and what its run took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slot {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) runs: u16,
    duration_us: u64,
    /// Until when a claim may be held that the message would meet, milliseconds since 1970; 0 where none is.
    pub(crate) held_until_ms: u64,
    last_word: last_word::Kept,
}

impl Slot {
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_micros(self.duration_us)
    }

    /// What SQS was told about the message.
    pub(super) fn last_word(&self) -> LastWord {
        self.last_word.into()
    }

    pub(super) fn is_success(&self) -> bool {
        self.outcome.as_ref().is_some_and(Outcome::is_success)
    }
}

impl Schedule {
    /// The slots of records with these links. Messages that may have come before start behind the others: one that ends the
    /// process has done so before.
    pub(super) fn new(links: Vec<Links>, slips: Slips, is_late: impl Fn(usize) -> bool) -> Self {
        let node = |(index, links): (usize, Links)| Node {
            links,
            waits: links.waits(),
            is_late: is_late(index),
            slot: Slot::default(),
        };
        let nodes: Vec<Node> = links.into_iter().enumerate().map(node).collect();
        let free = nodes.iter().enumerate().filter(|(_, node)| node.waits == 0);
        let ready =
            free.filter_map(|(index, node)| Some(Reverse((node.is_late, u32::try_from(index).ok()?)))).collect();
        let unsettled = nodes.len();
        Self { nodes, ready, unsettled, closed: None, group_goes_on: slips.group_goes_on }
    }

    /// Whether a record could start now.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Hands out the next record that may start.
    pub(super) fn start_next(&mut self) -> Option<usize> {
        self.ready.pop().map(|Reverse((_, index))| index as usize)
    }

    /// How many records have no outcome yet.
    pub(super) fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// Whether every record has its outcome.
    pub(super) fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    /// Notes what the run of a record took.
    pub(super) fn ran(&mut self, index: usize, runs: u16, duration: Duration) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.slot.runs = runs;
            node.slot.duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        }
    }

    /// A claim for the record may be held until then, its own or another's.
    pub(super) fn holds(&mut self, index: usize, until_ms: u64) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.slot.held_until_ms = until_ms;
        }
    }

    /// No claim for the record is held.
    pub(super) fn frees(&mut self, index: usize) {
        self.holds(index, 0);
    }

    /// SQS was told that about the record's message.
    pub(super) fn tells(&mut self, index: usize, word: LastWord) {
        if let Some(node) = self.nodes.get_mut(index) {
            node.slot.last_word = word.into();
        }
    }

    /// Whether SQS has confirmed that a message is gone.
    pub(super) fn is_deleted(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| node.slot.last_word() == LastWord::Deleted)
    }

    /// Every slot, in the order of the event.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.nodes.iter().map(|node| &node.slot)
    }

    /// Fills the record's slot, once, and frees or settles what waited for it.
    pub(super) fn settle(&mut self, index: usize, outcome: Outcome) {
        let mut settled = vec![(index, outcome)];
        while let Some((index, outcome)) = settled.pop() {
            if !self.fill(index, outcome) {
                continue;
            }
            for wait in Wait::ALL {
                let next = self.nodes.get(index).and_then(|node| node.links.next(wait));
                settled.extend(next.and_then(|next| self.release(next)));
            }
        }
    }

    fn fill(&mut self, index: usize, outcome: Outcome) -> bool {
        let Some(slot) = self.nodes.get_mut(index).map(|node| &mut node.slot) else { return false };
        if slot.outcome.is_some() {
            return false;
        }
        slot.outcome = Some(outcome);
        self.unsettled -= 1;
        true
    }

    /// One of the records that `index` waited for is settled; once it was the last, this says whether it runs or is settled
    /// without a run.
    fn release(&mut self, index: usize) -> Option<(usize, Outcome)> {
        let node = self.nodes.get_mut(index)?;
        node.waits = node.waits.saturating_sub(1);
        if node.waits > 0 || node.slot.outcome.is_some() {
            return None;
        }
        let (links, is_late) = (node.links, node.is_late);
        if !self.group_goes_on && links.previous(Wait::Group).is_some_and(|previous| !self.succeeded(previous)) {
            return Some((index, Outcome::NotStarted(Reason::new(ReasonClass::GroupFailed))));
        }
        if let Some(original) = links.previous(Wait::Copy) {
            let shared = self.nodes.get(original)?.slot.outcome.clone()?;
            return Some((index, shared));
        }
        if let Some(class) = self.closed {
            return Some((index, Outcome::NotStarted(Reason::new(class))));
        }
        self.ready.extend(u32::try_from(index).map(|index| Reverse((is_late, index))));
        None
    }

    /// Whether the record waited for another one, for that reason.
    pub(super) fn waited_for(&self, index: usize, wait: Wait) -> bool {
        self.nodes.get(index).is_some_and(|node| node.links.previous(wait).is_some())
    }

    fn succeeded(&self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| node.slot.is_success())
    }

    /// Starts nothing more: whatever was not handed out is settled as not started.
    pub(super) fn close(&mut self, class: ReasonClass, is_in_flight: impl Fn(usize) -> bool) {
        self.closed = Some(class);
        self.ready.clear();
        for index in 0..self.nodes.len() {
            // A copy shares its original's outcome, also now: it is settled when that one is.
            let is_copy = self.nodes.get(index).is_some_and(|node| node.links.previous(Wait::Copy).is_some());
            if !is_in_flight(index) && !is_copy {
                self.settle(index, Outcome::NotStarted(Reason::new(class)));
            }
        }
    }

    /// Every slot, once the batch is over.
    pub(super) fn take_slots(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.nodes).into_iter().map(|node| node.slot).collect()
    }
}
