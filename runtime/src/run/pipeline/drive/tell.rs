//! What the queue is told at the end of a batch: what was done is deleted where the consumer does that itself or the invocation
//! fails, and what failed stays hidden for as long as it should.
//!
//! Last of all: a message that is made visible starts elsewhere at once.

use std::{sync::Arc, time::Duration};

use super::{Drive, fails::Fails};
use crate::{
    batch::Record,
    claim::protocol::claim::SKEW_MS,
    clock::{SharedClock, epoch_ms},
    queue::{
        EntryAnswer, Queue, VisibilityChange,
        advice::{Facts, hidden_for},
        calls::in_calls,
    },
    run::pipeline::{
        in_time::{NoAnswer, in_time},
        last_word::LastWord,
        schedule::Slot,
    },
};

impl Drive {
    /// Tells the queue, in a share of the time. Nothing that SQS says changes an outcome.
    pub(super) async fn tell_the_queue(&mut self) {
        let Some(queue) = self.shared.queue.clone() else { return };
        let (done, changes) = (self.acknowledged(&queue), self.changes(&queue));
        if done.is_empty() && changes.is_empty() {
            return;
        }
        let (clock, time) = (Arc::clone(&self.shared.seams.clock), self.time_for_the_queue());
        let (deleted, hidden) = ask_the_queue(tell(&queue, &done, &changes, time), time, &clock).await;
        self.note_deleted(done.iter().map(Record::index), &deleted);
        self.note_hidden(&changes, &hidden);
    }

    /// What has no answer is not confirmed.
    pub(super) fn note_deleted(&mut self, done: impl IntoIterator<Item = usize>, answers: &[EntryAnswer]) {
        for (place, index) in done.into_iter().enumerate() {
            self.schedule.tells(index, LastWord::on_delete(is_confirmed(answers, place)));
        }
    }

    fn note_hidden(&mut self, changes: &[VisibilityChange], answers: &[EntryAnswer]) {
        for (place, change) in changes.iter().enumerate() {
            let word = LastWord::on_hide(change.timeout, is_confirmed(answers, place));
            self.schedule.tells(change.record.index(), word);
        }
    }

    /// What is to be deleted here, and was not yet.
    fn acknowledged(&self, queue: &Queue) -> Vec<Record> {
        let deletes = queue.acknowledges || self.fails != Fails::No;
        self.done().filter(|record| deletes && !self.schedule.is_deleted(record.index())).collect()
    }

    /// What may leave the queue.
    pub(super) fn done(&self) -> impl Iterator<Item = Record> {
        let all = self.shared.seams.slips.failures_acknowledged;
        let is_done = move |slot: &Slot| slot.outcome.as_ref().is_some_and(|outcome| all || outcome.is_success());
        let done = self.schedule.slots().enumerate().filter(move |(_, slot)| is_done(slot));
        done.filter_map(|(index, _)| self.receipt(index))
    }

    /// What is to stay hidden for how long.
    fn changes(&self, queue: &Queue) -> Vec<VisibilityChange> {
        self.schedule.slots().enumerate().filter_map(|(index, slot)| self.change(index, slot, queue)).collect()
    }

    pub(super) fn change(&self, index: usize, slot: &Slot, queue: &Queue) -> Option<VisibilityChange> {
        let outcome = slot.outcome.as_ref().filter(|outcome| outcome.is_failure())?;
        let record = self.receipt(index)?;
        let clock = &self.shared.seams.clock;
        let held_until_ms = self.held_until_ms(index, slot).map(|until| until.saturating_add(SKEW_MS + 1));
        let left = held_until_ms.map(|until| until.saturating_sub(epoch_ms(clock.wall())));
        let facts = Facts {
            record: &record,
            outcome,
            lease_left: left.map(Duration::from_millis),
            elapsed: clock.monotonic().saturating_sub(self.began),
            chance: self.chance(),
        };
        let timeout = hidden_for(&queue.backoff, &facts)?;
        let is_slipped = self.shared.seams.slips.hidden_too_long;
        let timeout = outcome.reason().and_then(|reason| reason.delay()).filter(|_| is_slipped).unwrap_or(timeout);
        Some(VisibilityChange { record, timeout })
    }

    /// The record, if its receive has a name.
    fn receipt(&self, index: usize) -> Option<Record> {
        self.batch.record(index).ok().filter(|record| record.receipt_handle().is_some() && record.queue_arn().is_some())
    }

    /// Without chance there is no jitter: all come back as late as they may.
    fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        self.shared.seams.random.fill(&mut bytes).map_or(u32::MAX, |()| u32::from_le_bytes(bytes))
    }
}

fn is_confirmed(answers: &[EntryAnswer], place: usize) -> bool {
    answers.get(place).is_some_and(Result::is_ok)
}

/// Deletes what was done, then hides what was not; gives the answers to both.
async fn tell(
    queue: &Queue,
    done: &[Record],
    changes: &[VisibilityChange],
    time: Duration,
) -> (Vec<EntryAnswer>, Vec<EntryAnswer>) {
    let deleted = in_calls(done, |arn, records| queue.client.delete(arn, records, Some(time))).await;
    queue.say("DeleteMessage", &deleted);
    let hidden = in_calls(changes, |arn, changes| queue.client.change_visibility(arn, changes, Some(time))).await;
    queue.say("ChangeMessageVisibility", &hidden);
    (deleted, hidden)
}

/// What the queue's client answers, which may be the user's own: where it panics, or not all of it comes in time, nothing is confirmed.
pub(super) async fn ask_the_queue<A: Default>(call: impl Future<Output = A>, time: Duration, clock: &SharedClock) -> A {
    in_time(call, time, clock).await.unwrap_or_else(|no_answer| {
        match no_answer {
            NoAnswer::Panicked(panic) => {
                tracing::error!(%panic, "the queue's client panicked; messages come back as without it");
            }
            NoAnswer::Late => {
                tracing::warn!("the queue could not be told all in time; messages come back as without it");
            }
        }
        A::default()
    })
}
