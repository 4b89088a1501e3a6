//! What the mapping does with an answer, and what must not happen in it.

use std::sync::PoisonError;

use super::{Event, World, executor::ProcessId, invocation::Invocation, process::Place};
use crate::{
    outcome::{Outcome, ReasonClass},
    run::Report,
    testkit::{
        judge::{Answer, BatchFate, Flag, MessageFate, Verdict, judge},
        queue::{Received, message_id},
    },
};

impl World {
    /// Takes what invocations came to.
    pub(super) fn take_answers(&mut self) {
        let answers = std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, body, report) in answers {
            let Some(process) = self.invocations.get(&id).map(|invocation| invocation.process) else { continue };
            let place = Place { process, invocation: Some(id) };
            let is_in_time = self.processes.get(&process).is_some_and(|running| running.is_in_time(place));
            let mut state = self.store.state();
            state.ledger.answers(place);
            if is_in_time {
                state.ledger.answers_in_time(place)
            } else {
                state.ledger.answers_late(place)
            }
            drop(state);
            self.leaves(process, id);
            let answer = body.as_deref().map_or(Answer::Error, Answer::Response);
            self.answered(id, &answer, report.as_ref());
        }
    }

    /// An invocation of a process is over.
    fn leaves(&mut self, process: ProcessId, id: u64) {
        let Some(running) = self.processes.get_mut(&process) else { return };
        running.invocations.remove(&id);
        running.watched.ends(Place { process, invocation: Some(id) });
        if running.invocations.is_empty() {
            // What is left there goes on when the next invocation thaws it, if at all.
            self.executor.freeze(process);
        }
    }

    /// Does with an answer what the mapping does.
    pub(super) fn answered(&mut self, id: u64, answer: &Answer<'_>, report: Option<&Report>) {
        let Some(invocation) = self.invocations.remove(&id) else { return };
        let Invocation { queue, event, received, .. } = &invocation;
        let queue = *queue;
        let flag = if self.setup.mapping.reports_batch_item_failures { Flag::On } else { Flag::Off };
        let verdict = judge(event, *answer, flag);
        self.learns(queue, matches!(answer, Answer::Error));
        self.store.meets(row_of(answer, &verdict, flag));
        if let BatchFate::Undocumented(why) = &verdict.batch {
            self.violation(format!("I12: nobody knows what becomes of the answer to invocation {id}: {why}"));
        }
        let fates: Vec<_> = verdict.fates().collect();
        self.tell(format_args!("invocation {id}: {fates:?}"));
        match report {
            Some(report) => self.reported(queue, received, report),
            None => self.burn(queue, received),
        }
        for (place, (message, received)) in verdict.messages.iter().zip(received).enumerate() {
            if message.fate == MessageFate::Deleted {
                let outcome = report.and_then(|report| report.outcome(place));
                let has_succeeded = outcome.is_some_and(Outcome::is_success);
                // Without the flag what failed is lost, unless the consumer sees to that itself.
                let is_lost = !has_succeeded && flag == Flag::Off && !report.is_some_and(Report::acknowledges);
                if !is_lost {
                    self.check_deletion(&invocation, received, outcome);
                }
                self.delete(queue, received, is_lost);
            }
        }
        let now = self.timeline.now();
        self.plan(now, Event::Poll(queue));
    }

    /// Every record came to one thing.
    fn reported(&mut self, queue: usize, received: &[Received], report: &Report) {
        let (of, all) = (report.records().count(), received.len());
        if of != all {
            self.violation(format!("I10: {all} messages of queue {queue} have {of} outcomes"));
        }
        for (received, record) in received.iter().zip(report.records()) {
            self.causes.comes_to_something(queue, received.receipt);
            *self.outcomes.entry(record.outcome.name()).or_default() += 1;
            if let Some(reason) = record.outcome.reason() {
                self.tell(format_args!(
                    "message {} of queue {queue}: {}, {reason}",
                    received.number,
                    record.outcome.name()
                ));
            }
        }
        if self.queues.all().get(queue).is_some_and(|queue| queue.settings.is_fifo()) {
            self.check_order(received, report);
        } else {
            self.check_freedom(report);
        }
    }

    /// On a standard queue nobody waits for a group.
    fn check_freedom(&self, report: &Report) {
        let waited = report.records().filter(|record| waits_for_its_group(record.outcome));
        waited.for_each(|record| {
            self.violation(format!("I16: {:?} of a standard queue is held back by its group", record.message_id));
        });
    }

    /// Of a FIFO group nothing succeeds behind a failure.
    fn check_order(&self, received: &[Received], report: &Report) {
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
    fn check_deletion(&self, invocation: &Invocation, received: &Received, outcome: Option<&Outcome>) {
        let queue = invocation.queue;
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
        let state = self.store.state();
        // Where nothing is recorded, the handler's word has to do.
        let (is_guarded, ledger) = (invocation.is_guarded, &state.ledger);
        let is_done = if is_guarded { ledger.is_done(&id) == Some(true) } else { ledger.is_handled(&id) };
        drop(state);
        if !is_done {
            self.violation(format!("I4: {id} is deleted although its work was never recorded"));
        }
    }

    fn delete(&mut self, queue: usize, received: &Received, is_lost: bool) {
        if self.faults_are_on() && self.chance.happens(self.setup.faults.lost_delete) {
            self.store.state().counts.lost_deletes += 1;
            self.undeleted.insert(message_id(queue, received.number));
            return;
        }
        let now = self.timeline.now();
        if let Some(queue) = self.queues.all().get_mut(queue) {
            if is_lost {
                queue.lose(received.number, received.receipt, now);
            } else {
                queue.delete(received.number, received.receipt, now);
            }
        }
        self.queues.wake(queue);
    }
}

/// Whether a message was not started because an earlier one of its group failed.
pub(super) fn waits_for_its_group(outcome: &Outcome) -> bool {
    outcome.reason().is_some_and(|reason| reason.class() == ReasonClass::GroupFailed)
}

/// The row of AWS's table in words.
fn row_of(answer: &Answer<'_>, verdict: &Verdict, flag: Flag) -> &'static str {
    match (answer, flag) {
        (Answer::Error, _) => "answer: an error, all come back",
        (_, Flag::Off) => "answer: ignored, all are deleted",
        _ if verdict.fates().all(|fate| fate == MessageFate::Deleted) => "answer: no failures, all are deleted",
        _ if verdict.fates().any(|fate| fate == MessageFate::Deleted) => "answer: failures, only those come back",
        _ => "answer: nothing but failures",
    }
}
