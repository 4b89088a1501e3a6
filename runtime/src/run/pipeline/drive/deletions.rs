//! What is done is deleted before a message runs that may end the process: it would come back with it, and be a receive older.

use std::{collections::BTreeSet, sync::Arc};

use super::{Drive, Stored, tell::ask_the_queue};
use crate::{
    batch::Record,
    queue::{EntryAnswer, calls::in_calls},
};

/// What was asked to be deleted so far, by place in the batch.
#[derive(Default)]
pub(super) struct Deletions {
    /// Once each: whatever came of it, no suspect waits for it again.
    asked: BTreeSet<usize>,
    are_under_way: bool,
}

impl Drive {
    /// Whether something is done and not deleted yet; a client, where there is one, deletes it then.
    pub(super) fn deletes_what_is_done(&mut self) -> bool {
        let Some(queue) = self.shared.queue.clone().filter(|_| self.keeping.is_none()) else { return false };
        let done: Vec<Record> = self.done().filter(|record| !self.deletions.asked.contains(&record.index())).collect();
        if done.is_empty() || self.deletions.are_under_way {
            return self.deletions.are_under_way;
        }
        let indexes: Vec<usize> = done.iter().map(Record::index).collect();
        self.deletions.asked.extend(&indexes);
        self.deletions.are_under_way = true;
        let (clock, time) = (Arc::clone(&self.shared.seams.clock), self.time_for_the_queue());
        self.stored.push(Box::pin(async move {
            let deleting =
                async { in_calls(&done, |arn, records| queue.client.delete(arn, records, Some(time))).await };
            let answers = ask_the_queue(deleting, time, &clock).await;
            queue.say("DeleteMessage", &answers);
            Stored::Deleted(indexes, answers)
        }));
        true
    }

    pub(super) fn on_deleted(&mut self, indexes: &[usize], answers: &[EntryAnswer]) {
        self.deletions.are_under_way = false;
        self.note_deleted(indexes.iter().copied(), answers);
    }
}
