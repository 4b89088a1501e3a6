//! What is said to SQS about messages that have their outcome, in calls of ten: a moment's wait saves nine requests of ten.

use std::{mem, time::Duration};

use crate::{
    batch::Record,
    queue::{MAX_ENTRIES, VisibilityChange},
};

/// How long the first of them waits for others.
const WAIT: Duration = Duration::from_millis(100);

/// How often a deletion is asked for.
const TRIES: u32 = 6;

/// A message that is done and has to leave the queue.
#[derive(Debug)]
pub(super) struct Deletion {
    pub(super) record: Record,
    tries: u32,
}

impl Deletion {
    pub(super) fn new(record: Record) -> Self {
        Self { record, tries: 0 }
    }
}

/// What waits to be said.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    deletions: Vec<Deletion>,
    changes: Vec<VisibilityChange>,
    /// When the first of them began to wait.
    since: Option<Duration>,
    /// Deletions that failed, and when they are asked for again.
    again: Vec<(Duration, Deletion)>,
}

impl Outbox {
    pub(super) fn delete(&mut self, record: Record, now: Duration) {
        self.deletions.push(Deletion::new(record));
        self.since.get_or_insert(now);
    }

    pub(super) fn hide(&mut self, change: VisibilityChange, now: Duration) {
        self.changes.push(change);
        self.since.get_or_insert(now);
    }

    /// A deletion failed. Gives it back where it was tried often enough.
    pub(super) fn failed(&mut self, mut deletion: Deletion, now: Duration) -> Option<Deletion> {
        deletion.tries += 1;
        if deletion.tries >= TRIES {
            return Some(deletion);
        }
        self.again.push((now + Duration::from_secs(1 << (deletion.tries - 1)), deletion));
        None
    }

    /// When something has to be said.
    pub(super) fn due(&self) -> Option<Duration> {
        let since = self.since.map(|since| if self.is_full() { since } else { since + WAIT });
        self.again.iter().map(|(at, _)| *at).chain(since).min()
    }

    fn is_full(&self) -> bool {
        self.deletions.len() >= MAX_ENTRIES || self.changes.len() >= MAX_ENTRIES
    }

    /// What has to be said by now; all of it where nothing may wait.
    pub(super) fn take(&mut self, now: Duration, at_once: bool) -> (Vec<Deletion>, Vec<VisibilityChange>) {
        let (ready, waiting) = mem::take(&mut self.again).into_iter().partition(|(at, _)| at_once || *at <= now);
        self.again = waiting;
        let ready: Vec<(Duration, Deletion)> = ready;
        for (_, deletion) in ready {
            self.deletions.push(deletion);
            self.since = Some(Duration::ZERO);
        }
        if !at_once && self.due().is_none_or(|due| due > now) {
            return (Vec::new(), Vec::new());
        }
        self.since = None;
        (mem::take(&mut self.deletions), mem::take(&mut self.changes))
    }

    /// Nothing waits for others any more; what failed has its own time.
    pub(super) fn hurry(&mut self) {
        self.since = self.has_news().then_some(Duration::ZERO);
    }

    /// Whether something waits to be said for the first time.
    pub(super) fn has_news(&self) -> bool {
        !self.deletions.is_empty() || !self.changes.is_empty()
    }

    /// Of how many messages something waits to be said.
    pub(super) fn len(&self) -> usize {
        self.deletions.len() + self.changes.len() + self.again.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;

    fn record(index: usize) -> Record {
        let event = r#"{"Records":[{"messageId":"m-1","receiptHandle":"h-1","body":"hello"}]}"#;
        let _ = index;
        Batch::from_json(event).unwrap().record(0).unwrap()
    }

    #[test]
    fn ten_go_at_once_and_fewer_after_a_moment() {
        let at = Duration::from_millis;
        let mut outbox = Outbox::default();
        (0..9).for_each(|n| outbox.delete(record(n), at(1_000 + n as u64)));
        assert_eq!(outbox.due(), Some(at(1_100)));
        assert_eq!(outbox.take(at(1_099), false).0.len(), 0);
        outbox.delete(record(9), at(1_050));
        assert_eq!(outbox.take(at(1_050), false).0.len(), 10);
        assert!(outbox.is_empty() && outbox.due().is_none());
        outbox.delete(record(10), at(2_000));
        assert_eq!(outbox.take(at(2_100), false).0.len(), 1);
    }

    #[test]
    fn a_deletion_is_asked_for_six_times() {
        let at = Duration::from_secs;
        let mut outbox = Outbox::default();
        let (mut deletion, mut now, mut waits) = (Deletion::new(record(0)), at(100), Vec::new());
        let given_up = loop {
            if let Some(given_up) = outbox.failed(deletion, now) {
                break given_up;
            }
            let due = outbox.due().unwrap();
            waits.push((due - now).as_secs());
            now = due;
            deletion = outbox.take(now, false).0.remove(0);
        };
        assert_eq!((given_up.tries, waits), (6, vec![1, 2, 4, 8, 16]));
    }
}
