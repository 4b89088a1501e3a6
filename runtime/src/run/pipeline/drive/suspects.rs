//! Messages whose earlier runs nobody heard the end of: they may take the process with them.
//!
//! They run when all others are settled, one at a time, those that were heard of least often last; what is done by then is deleted
//! first, so that a message which ends the process takes no other's receives. Of a worker's many batches that is so within each, and over
//! all of them for those that were not heard of twice. None is convicted by that: a lost reply leaves the same trace.

use std::{collections::BTreeMap, sync::Arc};

use super::{Drive, Stored, answers::unless_it_panics};
use crate::{
    batch::Record,
    outcome::{Outcome, Reason, ReasonClass},
    queue::{EntryAnswer, calls::in_calls},
    run::pipeline::{
        deadline::Phase,
        flight::{Flight, Stage},
        isolation::Room,
    },
};

/// At which receive a message is suspect where no row tells how its runs ended.
const RECEIVES: u32 = 3;

/// Suspects by the order in which they run: fewest unheard runs first.
#[derive(Default)]
pub(super) struct Suspects {
    waiting: BTreeMap<(u32, i64), (usize, Record)>,
}

impl Suspects {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Without rows all look alike: from the front at odd receives, from the back at even ones, so that one which ends the process
    /// has the others in front of it in one of two receives.
    /// How often the next one was not heard of, if that was too often for company.
    fn next_has_to_be_alone(&self) -> Option<u32> {
        self.waiting.first_key_value().map(|((unheard, _), _)| *unheard).filter(|unheard| *unheard > 1)
    }

    fn add(&mut self, index: usize, record: Record, unheard: u32) {
        let place = i64::try_from(index).unwrap_or(i64::MAX);
        let from_the_back = unheard == 0 && record.receive_count().is_some_and(|receives| receives % 2 == 0);
        let place = if from_the_back { -place } else { place };
        self.waiting.insert((unheard, place), (index, record));
    }
}

impl Drive {
    /// Whether the record is suspect by its receive count, where no row will tell.
    pub(super) fn is_suspect_by_receives(&self, index: usize) -> bool {
        self.batch.receive_count(index).is_some_and(|receives| receives >= RECEIVES)
    }

    /// Puts a record aside, of whose last so many runs nobody heard; its permit is free.
    pub(super) fn suspect(&mut self, index: usize, unheard: u32) {
        if let Some(class) = self.stopped(index) {
            self.land(index, Outcome::NotStarted(Reason::new(class)));
        } else if self.is_over_the_crash_limit(index, unheard) {
            self.land(index, Outcome::Rejected(Reason::new(ReasonClass::CrashLoop)));
        } else if let Some(Flight { stage: Stage::Claiming(record), permit }) = self.flights.remove(&index) {
            self.give_back(permit);
            self.suspects.add(index, record, unheard);
        }
    }

    /// Puts a record aside that nobody claims.
    pub(super) fn put_aside(&mut self, index: usize, record: Record) {
        self.suspects.add(index, record, 0);
    }

    /// By the consumer's own limit; or at the last receive of a FIFO message, whose next one those behind it in its group would not
    /// live to see.
    fn is_over_the_crash_limit(&self, index: usize, unheard: u32) -> bool {
        // Without a row nobody knows that it ever ran.
        if unheard == 0 {
            return false;
        }
        let limit = self.shared.idempotency.as_ref().and_then(|idempotency| idempotency.crashes_allowed());
        if limit.is_some_and(|limit| unheard >= limit) {
            return true;
        }
        let queue = self.shared.queue.as_ref().filter(|queue| queue.has_dead_letters());
        queue.and_then(|queue| self.fifo_receives_left(index, queue)) == Some(0)
    }

    /// Starts the next suspect, if nothing else runs.
    pub(super) fn start_suspect(&mut self) {
        let has_others = !self.flights.is_empty() || self.schedule.has_ready();
        if self.phase != Phase::Open || has_others || self.suspects.is_empty() {
            return;
        }
        if self.deletes_what_is_done() {
            return;
        }
        if self.waits_for_the_room() {
            return;
        }
        let Some(mut permit) = self.take_permit() else { return };
        permit.room = self.room.take();
        let Some((_, (index, record))) = self.suspects.waiting.pop_first() else { return };
        let Some(idempotency) = self.shared.idempotency.clone() else {
            return self.start(index, record, permit, None);
        };
        let request = self.claim_request(&idempotency, &record);
        self.flights.insert(index, Flight { permit, stage: Stage::Claiming(record) });
        match request {
            Ok(request) => self.claim(&idempotency, vec![(index, request)]),
            Err(outcome) => self.land(index, outcome),
        }
    }

    /// Whether something is done and not deleted yet; a client, where there is one, deletes it then.
    fn deletes_what_is_done(&mut self) -> bool {
        let Some(queue) = self.shared.queue.clone().filter(|_| self.keeping.is_none()) else { return false };
        let done: Vec<Record> = self.done().filter(|record| !self.deleted.contains(&record.index())).collect();
        if done.is_empty() || self.is_deleting {
            return self.is_deleting;
        }
        self.deleted.extend(done.iter().map(Record::index));
        self.is_deleting = true;
        let (queue, time_left) = (Arc::clone(&queue), self.time_for_the_store());
        self.stored.push(Box::pin(async move {
            let deleting = || in_calls(&done, |arn, records| queue.client.delete(arn, records, time_left));
            let answers = unless_it_panics(deleting).await;
            queue.say("DeleteMessage", &answers);
            Stored::Alone(done.iter().map(Record::index).collect(), answers)
        }));
        true
    }

    pub(super) fn on_alone(&mut self, done: Vec<usize>, answers: &[EntryAnswer]) {
        self.note_deleted(done, answers);
        self.is_deleting = false;
    }

    /// Whether the next suspect has to be alone in the whole process and is not yet. On Lambda a process has one batch.
    fn waits_for_the_room(&mut self) -> bool {
        let Some((keeping, unheard)) = self.keeping.as_ref().zip(self.suspects.next_has_to_be_alone()) else {
            return false;
        };
        if self.room.is_none() && !std::mem::replace(&mut self.is_entering, true) {
            let shared = &self.shared;
            let entering = keeping.enter(Arc::clone(&shared.isolation), unheard, Arc::clone(&shared.seams.clock));
            self.stored.push(Box::pin(async move { Stored::Entered(entering.await) }));
        }
        self.room.is_none()
    }

    pub(super) fn on_entered(&mut self, room: Room) {
        self.is_entering = false;
        // Those that waited may have been settled meanwhile.
        self.room = Some(room).filter(|_| !self.suspects.is_empty());
    }
}
