//! What SQS is told of a message last: that it is done, or for how long it stays hidden.

use std::{sync::Arc, time::Duration};

use super::{Keeper, Said, ask::ask, flush::Deletion, receipt::Receipt};
use crate::{
    queue::{EntryAnswer, calls::in_calls},
    run::pipeline::answered,
};

/// How long a call about messages waits for its answer.
const LONGEST_CALL: Duration = Duration::from_secs(10);

impl Keeper {
    pub(super) fn say_what_is_due(&mut self, now: Duration) {
        if !self.hurried.is_empty() {
            self.outbox.hurry();
        }
        let (deletions, changes) = self.outbox.take(now, self.batches.is_empty() && self.stopping.is_none());
        self.asked += deletions.len() + changes.len();
        if !deletions.is_empty() {
            let (source, clock) = (Arc::clone(&self.common.source), Arc::clone(&self.common.seams.clock));
            self.calls.push(Box::pin(async move {
                let records: Vec<_> = deletions.iter().map(|deletion| deletion.record.clone()).collect();
                let deleting = in_calls(&records, |arn, records| source.delete(arn, records, Some(LONGEST_CALL)));
                let answers = ask(deleting, LONGEST_CALL, &clock).await;
                Said::Deleted(deletions, answers)
            }));
        }
        if !changes.is_empty() {
            let (source, clock) = (Arc::clone(&self.common.source), Arc::clone(&self.common.seams.clock));
            self.calls.push(Box::pin(async move {
                let hiding =
                    in_calls(&changes, |arn, changes| source.change_visibility(arn, changes, Some(LONGEST_CALL)));
                Said::Hidden(changes.len(), ask(hiding, LONGEST_CALL, &clock).await)
            }));
        }
    }

    /// Tells those that wait for it that SQS knows of everything that is settled.
    pub(super) fn tell_the_hurried(&mut self) {
        let is_settled = |receipt: &Receipt| receipt.settled.is_some();
        if self.asked == 0 && !self.outbox.has_news() && !self.receipts.values().any(is_settled) {
            // Whoever does not wait any more needs no answer.
            for tell in self.hurried.drain(..) {
                let _ = tell.send(());
            }
        }
    }

    pub(super) fn on_said(&mut self, said: Said) {
        match said {
            Said::Beaten(beaten) => self.on_beaten(beaten),
            Said::Hidden(changes, answers) => {
                self.asked -= changes;
                self.common.pipeline.say("ChangeMessageVisibility", &answers);
            }
            Said::Deleted(deletions, answers) => {
                self.asked -= deletions.len();
                self.common.pipeline.say("DeleteMessage", &answers);
                for (deletion, answer) in answered(deletions, answers) {
                    self.on_deleted(deletion, answer);
                }
            }
        }
    }

    fn on_deleted(&mut self, deletion: Deletion, answer: Option<EntryAnswer>) {
        let (now, done) = (self.now(), &self.common.done);
        match answer {
            Some(Ok(())) => {
                done.remove(deletion.record.message_id());
                self.common.stats.deleted(1);
            }
            // Its receipt is worth nothing any more: it comes again, and is deleted then.
            Some(Err(error)) if error.is_lost() || error.is_denied() => done.add(deletion.record.message_id()),
            Some(Err(_)) | None => {
                done.add(deletion.record.message_id());
                if let Some(deletion) = self.outbox.failed(deletion, now) {
                    tracing::warn!(
                        messageId = &*deletion.record.display_id(),
                        "a message that is done could not be deleted; it is when it comes again"
                    );
                }
            }
        }
    }
}
