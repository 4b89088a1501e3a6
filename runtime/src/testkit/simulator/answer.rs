//! What the mapping does with an answer, and what must not happen in it.

use std::sync::{PoisonError, atomic::Ordering};

use super::{Event, World, invocation::Invocation};
use crate::{
    outcome::Outcome,
    run::Report,
    testkit::{
        judge::{Answer, BatchFate, Flag, MessageFate, judge},
        queue::{Received, message_id},
    },
};

impl World {
    /// Takes what invocations came to.
    pub(super) fn take_answers(&mut self) {
        let answers = std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, body, report) in answers {
            let Some(process) = self.invocations.get(&id).map(|invocation| invocation.process) else { continue };
            for record in report.iter().flat_map(Report::records) {
                *self.outcomes.entry(record.outcome.name()).or_default() += 1;
            }
            let is_in_time = self.processes.get(&process).is_some_and(|running| running.is_in_time());
            let mut state = self.store.state();
            state.ledger.answers(process);
            if is_in_time {
                state.ledger.answers_in_time(process)
            } else {
                state.ledger.ends_all(process)
            }
            drop(state);
            if let Some(running) = self.processes.get_mut(&process) {
                running.invocation = None;
                running.is_paused = false;
                running.epoch.fetch_add(1, Ordering::Relaxed);
            }
            // What is left there goes on when the next invocation thaws it, if at all.
            self.executor.freeze(process);
            let answer = body.as_deref().map_or(Answer::Error, Answer::Response);
            self.answered(id, &answer, report.as_ref());
        }
    }

    /// Does with an answer what the mapping does.
    pub(super) fn answered(&mut self, id: u64, answer: &Answer<'_>, report: Option<&Report>) {
        let Some(Invocation { queue, event, received, .. }) = self.invocations.remove(&id) else { return };
        let flag = if self.setup.mapping.reports_batch_item_failures { Flag::On } else { Flag::Off };
        let verdict = judge(&event, *answer, flag);
        if let BatchFate::Undocumented(why) = &verdict.batch {
            self.violation(format!("I12: nobody knows what becomes of the answer to invocation {id}: {why}"));
        }
        let fates: Vec<_> = verdict.fates().collect();
        self.tell(format_args!("invocation {id}: {fates:?}"));
        match report {
            Some(report) => self.check_order(queue, &received, report),
            None => self.burnt += received.len() as u64,
        }
        for (place, (message, received)) in verdict.messages.iter().zip(&received).enumerate() {
            if message.fate == MessageFate::Deleted {
                let outcome = report.and_then(|report| report.outcome(place));
                // Without the flag what failed is lost, unless the consumer sees to that itself.
                let is_safe = flag == Flag::On || report.is_some_and(Report::acknowledges);
                if is_safe {
                    self.check_deletion(queue, received, outcome);
                }
                self.delete(queue, received);
            }
        }
        let now = self.timeline.now();
        self.plan(now, Event::Poll(queue));
    }

    /// Of a FIFO group nothing succeeds behind a failure.
    fn check_order(&self, queue: usize, received: &[Received], report: &Report) {
        if !self.queues.all().get(queue).is_some_and(|queue| queue.settings.is_fifo()) {
            return;
        }
        let mut failed = std::collections::BTreeSet::new();
        for (received, record) in received.iter().zip(report.records()) {
            let group = &received.sent.group;
            if record.outcome.is_failure() {
                failed.insert(group);
            } else if failed.contains(group) {
                self.violation(format!("I15: {:?} succeeds behind a failure of its group", record.message_id));
            }
        }
    }

    /// Only what is done may be deleted.
    fn check_deletion(&self, queue: usize, received: &Received, outcome: Option<&Outcome>) {
        let id = message_id(queue, received.number);
        if outcome.is_some_and(Outcome::is_dead_lettered) {
            let has_copy = self.queues.all().get(queue).is_some_and(|queue| queue.has_copy(received.number));
            if !has_copy {
                self.violation(format!("I4: {id} is deleted although no copy of it reached the dead-letter queue"));
            }
            return;
        }
        if !outcome.is_some_and(Outcome::is_success) {
            self.violation(format!("I11, I13: {id} is deleted although it came to {outcome:?}"));
        }
        if self.store.state().ledger.is_done(&id) == Some(false) {
            self.violation(format!("I4: {id} is deleted although its work was never recorded"));
        }
    }

    fn delete(&mut self, queue: usize, received: &Received) {
        if self.faults_are_on() && self.chance.happens(self.setup.faults.lost_delete) {
            self.store.state().counts.lost_deletes += 1;
            self.undeleted.insert(message_id(queue, received.number));
            return;
        }
        let now = self.timeline.now();
        if let Some(queue) = self.queues.all().get_mut(queue) {
            queue.delete(received.number, received.receipt, now);
        }
        self.queues.wake(queue);
    }
}
