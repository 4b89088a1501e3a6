//! A queue in virtual time: visibility, receive counts, receipt handles, delay, retention, a dead-letter queue, message groups.
//!
//! What AWS says of queues, no more: nothing here is random, and nothing is lost but by its own rules.

mod attempts;
mod message;
mod names;
mod shared;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub use self::message::SentMessage;
use self::{attempts::Attempts, message::Stored};
pub(super) use self::{
    message::Received,
    names::{arn, message_id, number, queue_of},
    shared::Queues,
};
use crate::queue::{QueueAttributes, RedrivePolicy};

/// What a queue is set to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueueSettings {
    /// Its name; FIFO where it ends in `.fifo`.
    pub name: String,
    /// How long a received message stays hidden. Default 180 s.
    pub visibility_timeout: Duration,
    /// How long a message is kept. Default 4 days.
    pub retention: Duration,
    /// How long a new message is hidden first, 15 minutes at most. Default none.
    pub delay: Duration,
    /// At which receive a message is moved to the dead-letter queue instead; `None` for no dead-letter queue. Default 5.
    pub max_receive_count: Option<u32>,
}

impl QueueSettings {
    /// A queue of that name with the defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            visibility_timeout: Duration::from_secs(180),
            retention: Duration::from_secs(4 * 24 * 3_600),
            delay: Duration::ZERO,
            max_receive_count: Some(5),
        }
    }

    pub(in crate::testkit) fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    /// What SQS says of it.
    pub(super) fn attributes(&self) -> QueueAttributes {
        let dead = arn(&format!("dead-{}", self.name));
        QueueAttributes {
            visibility_timeout: Some(self.visibility_timeout),
            redrive_policy: self.max_receive_count.map(|count| RedrivePolicy::new(dead, count)),
            backlog: None,
        }
    }
}

/// What became of a change of visibility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Done,
    /// The receipt names no receive any more.
    Lost,
    /// Longer than 12 h since the receive.
    TooLong,
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deletion {
    Done,
    /// A standard queue answers well to a receipt that is not the latest one, and the message may stay: here it does.
    Accepted,
    /// A FIFO queue takes only the latest receipt, while it is good.
    Refused,
}

/// How long FIFO queues know a deduplication id.
const DEDUPLICATION: Duration = Duration::from_secs(5 * 60);

/// The longest that a message can be hidden since its receive.
const MAX_HIDDEN: Duration = Duration::from_secs(12 * 3_600);

/// A queue and its dead-letter queue.
pub(super) struct Queue {
    pub(super) settings: QueueSettings,
    messages: BTreeMap<u64, Stored>,
    /// Numbers of messages that the redrive policy moved.
    pub(super) dead: BTreeSet<u64>,
    pub(super) deleted: BTreeSet<u64>,
    pub(super) expired: BTreeSet<u64>,
    /// Numbers of messages of which a consumer sent a copy to the dead-letter queue.
    copies: BTreeSet<u64>,
    /// Numbers of messages that were deleted although they were not done.
    lost: BTreeSet<u64>,
    deduplications: BTreeMap<String, Duration>,
    attempts: Attempts,
    /// How many messages it did not take in, because it knew their deduplication id.
    pub(super) deduplicated: u64,
    next: u64,
    receipts: u64,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Self {
            settings,
            messages: BTreeMap::new(),
            dead: BTreeSet::new(),
            deleted: BTreeSet::new(),
            expired: BTreeSet::new(),
            copies: BTreeSet::new(),
            lost: BTreeSet::new(),
            deduplications: BTreeMap::new(),
            attempts: Attempts::new(),
            deduplicated: 0,
            next: 0,
            receipts: 0,
        }
    }

    /// Takes a message in; gives its number, or `None` if a FIFO queue knows its deduplication id.
    ///
    /// # Panics
    ///
    /// If it is a FIFO queue, and the message has no group: SQS refuses it.
    pub(super) fn send(&mut self, message: SentMessage, now: Duration) -> Option<u64> {
        assert!(!self.settings.is_fifo() || message.group.is_some(), "a FIFO queue takes only messages with a group");
        if let Some(id) = message.deduplication_id.as_ref().filter(|_| self.settings.is_fifo()) {
            let known_until = self.deduplications.insert(id.clone(), now + DEDUPLICATION);
            if let Some(known_until) = known_until.filter(|until| *until > now) {
                self.deduplications.insert(id.clone(), known_until);
                self.deduplicated += 1;
                return None;
            }
        }
        let number = self.next;
        self.next += 1;
        self.messages.insert(number, Stored::new(message, now, now + self.settings.delay));
        Some(number)
    }

    /// How many messages it took in.
    pub(super) fn sent(&self) -> u64 {
        self.next
    }

    /// How often it handed a message out.
    pub(super) fn receives(&self) -> u64 {
        self.receipts
    }

    /// How many were deleted that were done, and that nobody sent a copy of anywhere.
    pub(super) fn done(&self) -> usize {
        self.deleted.difference(&self.copies).count() - self.losses().count()
    }

    /// The numbers of messages that were deleted and are not done.
    pub(super) fn losses(&self) -> impl Iterator<Item = u64> {
        self.lost.difference(&self.copies).copied()
    }

    /// Of what was taken for lost only these are: others were done after all.
    pub(super) fn keep_losses(&mut self, are_lost: impl Fn(u64) -> bool) {
        self.lost.retain(|number| are_lost(*number));
    }

    /// Deletes a message that was not done.
    pub(super) fn lose(&mut self, number: u64, receipt: u64, now: Duration) {
        if self.delete(number, receipt, now) == Deletion::Done {
            self.lost.insert(number);
        }
    }

    /// What a FIFO queue still holds of a message's group that was sent before it.
    pub(super) fn in_front_of(&self, number: u64) -> Vec<u64> {
        let Some(message) = self.messages.get(&number).filter(|_| self.settings.is_fifo()) else { return Vec::new() };
        let group = &message.sent.group;
        self.messages
            .range(..number)
            .filter(|(_, other)| other.sent.group == *group)
            .map(|(number, _)| *number)
            .collect()
    }

    /// The numbers of those that left for the dead-letter queue.
    pub(super) fn dead_lettered(&self) -> impl Iterator<Item = u64> {
        self.dead.iter().chain(self.deleted.intersection(&self.copies)).copied()
    }

    /// The ids of messages that the redrive policy moved, of a FIFO queue that is the simulation's so-manieth.
    pub(super) fn fifo_dead(&self, index: usize) -> impl Iterator<Item = String> {
        self.dead.iter().filter(|_| self.settings.is_fifo()).map(move |number| message_id(index, *number))
    }

    /// A copy of a message reached the dead-letter queue.
    pub(super) fn copy(&mut self, number: u64) {
        self.copies.insert(number);
    }

    pub(super) fn has_copy(&self, number: u64) -> bool {
        self.copies.contains(&number)
    }

    /// How many it still holds.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// When the next message becomes visible, or expires.
    pub(super) fn next_change(&self, now: Duration) -> Option<Duration> {
        let changes = |message: &Stored| [message.visible_at, message.sent_at.saturating_add(self.settings.retention)];
        self.messages.values().flat_map(changes).filter(|at| *at > now).min()
    }

    /// How many messages are not hidden.
    pub(super) fn visible(&self, now: Duration) -> usize {
        self.messages.values().filter(|message| message.visible_at <= now).count()
    }

    /// Whether somebody could receive something now.
    pub(super) fn has_visible(&self, now: Duration) -> bool {
        self.messages.values().any(|message| message.visible_at <= now)
    }

    /// Hands out at most so many visible messages for which there is room, in the order in which they were sent. Of a FIFO group
    /// nothing is handed out while one of its messages is in flight, or an earlier one hidden. Says too whether it was the room that
    /// ended it.
    pub(super) fn receive(
        &mut self,
        most: usize,
        has_room: impl FnMut(&Received) -> bool,
        now: Duration,
    ) -> (Vec<Received>, bool) {
        self.receive_for(most, has_room, self.settings.visibility_timeout, now)
    }

    /// The same, hidden for so long.
    pub(super) fn receive_for(
        &mut self,
        most: usize,
        mut has_room: impl FnMut(&Received) -> bool,
        timeout: Duration,
        now: Duration,
    ) -> (Vec<Received>, bool) {
        self.expire(now);
        let (mut received, mut blocked) = (Vec::new(), self.groups_in_flight(now));
        let numbers: Vec<u64> = self.messages.keys().copied().collect();
        for number in numbers {
            if received.len() >= most {
                break;
            }
            let is_fifo = self.settings.is_fifo();
            let Some(message) = self.messages.get(&number) else { continue };
            let group = message.sent.group.clone().filter(|_| is_fifo);
            let is_blocked = group.as_ref().is_some_and(|group| blocked.contains(group));
            if message.visible_at > now || is_blocked {
                blocked.extend(group);
                continue;
            }
            if self.is_used_up(number) {
                self.messages.remove(&number);
                self.dead.insert(number);
                continue;
            }
            if !has_room(&message.next_receive(number, now)) {
                return (received, true);
            }
            received.extend(self.hand_out_for(number, timeout, now));
        }
        (received, false)
    }

    /// The FIFO groups of which somebody has a message.
    fn groups_in_flight(&self, now: Duration) -> BTreeSet<String> {
        let is_in_flight = |message: &&Stored| message.receipt.is_some() && message.visible_at > now;
        let in_flight = self.messages.values().filter(|_| self.settings.is_fifo()).filter(is_in_flight);
        in_flight.filter_map(|message| message.sent.group.clone()).collect()
    }

    /// Hands a message out to somebody else too, as a standard queue may at any time.
    pub(super) fn hand_out(&mut self, number: u64, now: Duration) -> Option<Received> {
        self.hand_out_for(number, self.settings.visibility_timeout, now)
    }

    fn hand_out_for(&mut self, number: u64, timeout: Duration, now: Duration) -> Option<Received> {
        let message = self.messages.get_mut(&number)?;
        self.receipts += 1;
        let (receipt, visible_at) = (self.receipts, now + timeout);
        Some(message.receive(number, receipt, visible_at, now))
    }

    fn is_used_up(&self, number: u64) -> bool {
        let count = self.messages.get(&number).map_or(0, |message| message.receive_count);
        self.settings.max_receive_count.is_some_and(|most| count >= most)
    }

    /// Lets go of what was kept too long.
    pub(super) fn expire(&mut self, now: Duration) {
        let retention = self.settings.retention;
        let old = |message: &Stored| message.sent_at + retention <= now;
        let numbers: Vec<u64> = self.messages.iter().filter(|(_, m)| old(m)).map(|(number, _)| *number).collect();
        for number in numbers {
            self.messages.remove(&number);
            self.expired.insert(number);
        }
    }

    /// Deletes a message. A standard queue takes the latest receipt, whether or not it has run out; a FIFO queue only while it is good.
    pub(super) fn delete(&mut self, number: u64, receipt: u64, now: Duration) -> Deletion {
        self.expire(now);
        let is_fifo = self.settings.is_fifo();
        let Some(message) = self.messages.get(&number) else {
            return if is_fifo && !self.deleted.contains(&number) { Deletion::Refused } else { Deletion::Accepted };
        };
        let is_latest = message.receipt == Some(receipt);
        match (is_fifo, is_latest && message.visible_at > now) {
            (true, false) => return Deletion::Refused,
            (false, _) if !is_latest => return Deletion::Accepted,
            _ => {}
        }
        self.messages.remove(&number);
        self.deleted.insert(number);
        Deletion::Done
    }

    /// Whether a message is hidden for who has this receipt.
    pub(super) fn is_held(&self, number: u64, receipt: u64, now: Duration) -> bool {
        let message = self.messages.get(&number);
        message.is_some_and(|message| message.receipt == Some(receipt) && message.visible_at > now)
    }

    /// Hides a message for so long from now, as the holder of its latest receipt.
    pub(super) fn change_visibility(&mut self, number: u64, receipt: u64, timeout: Duration, now: Duration) -> Change {
        self.expire(now);
        let Some(message) = self.messages.get_mut(&number) else { return Change::Lost };
        let is_held = message.receipt == Some(receipt) && message.visible_at > now;
        let is_short_enough = now + timeout <= message.received_at + MAX_HIDDEN;
        match (is_held, is_short_enough) {
            (true, true) => {
                message.visible_at = now + timeout;
                Change::Done
            }
            (true, false) => Change::TooLong,
            (false, _) => Change::Lost,
        }
    }
}

#[cfg(test)]
mod tests;
