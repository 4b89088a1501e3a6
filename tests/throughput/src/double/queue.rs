//! The double's queue: numbered messages, each handed out once.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use super::{account::Account, message};

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    messages: usize,
    /// The numbers of those that were handed out and not deleted.
    hidden: BTreeSet<usize>,
    account: Account,
}

impl Queue {
    pub(super) fn new(messages: usize) -> Self {
        Self { messages, hidden: BTreeSet::new(), account: Account::default() }
    }

    /// Hands out the next messages, at most so many.
    pub(super) fn take(&mut self, most: usize, now: Duration) -> Range<usize> {
        let first = self.account.received;
        let taken = first..self.messages.min(first + most);
        self.hidden.extend(taken.clone());
        self.account.received = taken.end;
        if !taken.is_empty() {
            self.account.began.get_or_insert(now);
        }
        taken
    }

    /// Deletes the message of that receipt handle. Whether there was one: SQS says nothing where it is gone already, but who says it twice
    /// here has done something twice.
    pub(super) fn delete(&mut self, receipt_handle: &str, now: Duration) -> bool {
        let is_deleted = message::of_receipt(receipt_handle).is_some_and(|number| self.hidden.remove(&number));
        if is_deleted {
            self.account.deleted += 1;
            self.account.ended = now;
        }
        is_deleted
    }

    /// Whether the message of that receipt handle is hidden, and may be hidden for longer.
    pub(super) fn has(&self, receipt_handle: &str) -> bool {
        message::of_receipt(receipt_handle).is_some_and(|number| self.hidden.contains(&number))
    }

    pub(super) fn asked(&mut self, operation: &str) {
        let count = match operation {
            "ReceiveMessage" => &mut self.account.receives,
            "DeleteMessage" | "DeleteMessageBatch" => &mut self.account.deletes,
            _ => &mut self.account.others,
        };
        *count += 1;
    }

    pub(super) fn account(&self) -> Account {
        self.account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_handed_out_once_and_deleted_once() {
        let at = Duration::from_millis;
        let mut queue = Queue::new(13);
        assert_eq!([queue.take(10, at(5)), queue.take(10, at(9)), queue.take(10, at(11))], [0..10, 10..13, 13..13]);
        let handle = message::receipt_handle(12);
        assert!(queue.has(&handle));
        assert!(queue.delete(&handle, at(25)));
        assert!(!queue.delete(&handle, at(30)) && !queue.has(&handle) && !queue.has("AQEB"));
        queue.asked("ReceiveMessage");
        queue.asked("DeleteMessageBatch");
        queue.asked("GetQueueUrl");
        assert_eq!(queue.account().to_string(), "13 1 1 1 1 20");
    }
}
