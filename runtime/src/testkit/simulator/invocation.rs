//! Polls, invocations and their answers.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use super::{
    Event, Plant, World,
    executor::ProcessId,
    host, mapping,
    process::{self, Process, Running},
    queue::Received,
    timeline::ProcessClock,
};
use crate::{
    claim::protocol::claim::SKEW_MS,
    outcome::Outcome,
    run::Report,
    testkit::judge::{Answer, BatchFate, Flag, MessageFate, judge},
};

/// One batch on its way.
pub(super) struct Invocation {
    process: ProcessId,
    queue: usize,
    event: String,
    received: Vec<Received>,
}

/// What invocations came to: the body of the answer, or none where the function erred; and the report.
pub(super) type Answers = Arc<Mutex<Vec<(u64, Option<String>, Option<Report>)>>>;

impl World {
    /// Takes batches from a queue while there are messages and invocations to be had.
    pub(super) fn poll(&mut self, queue: usize, window_is_over: bool) {
        let now = self.timeline.now();
        if window_is_over {
            self.waiting.remove(&queue);
        }
        loop {
            let has_room = self.has_room(queue);
            let Some(from) = self.queues.get_mut(queue) else { return };
            if !from.has_visible(now) || self.waiting.contains(&queue) {
                break;
            }
            if !has_room {
                self.hold_back(queue);
                break;
            }
            if !self.setup.mapping.window.is_zero() && !window_is_over {
                self.waiting.insert(queue);
                self.plan(now + self.setup.mapping.window, Event::Window(queue));
                break;
            }
            let (received, is_closed) =
                from.receive(self.setup.mapping.batch_size, self.setup.mapping.max_event_bytes, now);
            self.store.state().counts.closed_by_size += u64::from(is_closed);
            if received.is_empty() {
                break;
            }
            self.dispatch(queue, received);
        }
        self.poll_again(queue);
    }

    /// Whether the mapping may have one more invocation now.
    fn has_room(&self, queue: usize) -> bool {
        let at_work = self.invocations.values().filter(|running| running.queue == queue).count();
        at_work < self.setup.mapping.concurrency_at(self.timeline.now())
    }

    /// Comes back when the mapping may have more invocations; until then only the end of one helps.
    fn hold_back(&mut self, queue: usize) {
        self.store.state().counts.held_back += 1;
        let now = self.timeline.now();
        if self.setup.mapping.concurrency_at(now) < self.setup.mapping.maximum_concurrency {
            self.plan_poll(queue, Duration::from_secs(60 * (now.as_secs() / 60 + 1)));
        }
    }

    /// Comes back when the next message becomes visible.
    fn poll_again(&mut self, queue: usize) {
        let now = self.timeline.now();
        if let Some(at) = self.queues.get(queue).and_then(|queue| queue.next_visible(now)) {
            self.plan_poll(queue, at);
        }
    }

    fn plan_poll(&mut self, queue: usize, at: Duration) {
        let is_planned = |event: &Event| matches!(event, Event::Poll(of) if *of == queue);
        if !self.events.range((at, 0)..=(at, u64::MAX)).any(|(_, event)| is_planned(event)) {
            self.plan(at, Event::Poll(queue));
        }
    }

    fn dispatch(&mut self, queue: usize, received: Vec<Received>) {
        let on = self.faults_are_on();
        if on && self.chance.happens(self.setup.faults.throttle) {
            self.store.state().counts.throttles += 1;
            self.tell(format_args!("queue {queue}: an invocation is throttled"));
            return;
        }
        let is_fifo = self.queues.get(queue).is_some_and(|queue| queue.settings.is_fifo());
        if on && !is_fifo && self.chance.happens(self.setup.faults.duplicate) {
            self.store.state().counts.duplicates += 1;
            let now = self.timeline.now();
            let numbers: Vec<u64> = received.iter().map(|received| received.number).collect();
            let again = numbers.into_iter().filter_map(|number| self.queues.get_mut(queue)?.hand_out(number, now));
            let again: Vec<_> = again.collect();
            self.invoke(queue, again);
        }
        self.invoke(queue, received);
    }

    fn invoke(&mut self, queue: usize, received: Vec<Received>) {
        let process = self.some_process(queue);
        self.store.state().counts.thawed += u64::from(self.executor.has_tasks(process));
        self.maybe_send_a_foreign_event(process);
        let Some(running) = self.processes.get_mut(&process) else { return };
        let id = self.next_invocation;
        self.next_invocation += 1;
        running.invocation = Some(id);
        let name = self.queues.get(queue).map_or("", |queue| &queue.settings.name);
        let mut event = mapping::event(queue, name, &received);
        if self.timeline.now() < self.setup.faults.until && self.chance.happens(self.setup.faults.unnamed) {
            self.store.state().counts.unnamed += 1;
            // The first record that is named.
            event = event.replacen("\"messageId\"", "\"lostId\"", 1);
        }
        let (pipeline, answers, json) = (running.pipeline.clone(), Arc::clone(&self.answers), event.clone());
        let plant = self.setup.plant;
        let invocation = pipeline.invocation(Some(self.setup.mapping.function_timeout));
        self.executor.thaw(process);
        self.executor.spawn(
            process,
            Box::pin(async move {
                let report = pipeline.run_event(json, invocation).await.ok();
                let body = host::answer(report.as_ref(), plant);
                answers.lock().unwrap_or_else(PoisonError::into_inner).push((id, body, report));
            }),
        );
        let numbers: Vec<_> = received.iter().map(|received| (received.number, received.receive_count)).collect();
        self.tell(format_args!("invocation {id} of process {process} takes {numbers:?} of queue {queue}"));
        self.invocations.insert(id, Invocation { process, queue, event, received });
        self.plan(self.timeline.now() + self.setup.mapping.function_timeout, Event::TimeOut(id));
        self.maybe_pause(id, process);
    }

    /// An idle process of that queue's function, or a new one.
    fn some_process(&mut self, queue: usize) -> ProcessId {
        let idle = |(_, running): &(&ProcessId, &Running)| running.queue == queue && running.invocation.is_none();
        let idle: Vec<ProcessId> = self.processes.iter().filter(idle).map(|(id, _)| *id).collect();
        for process in idle {
            if self.faults_are_on() && self.chance.happens(self.setup.faults.recycle) {
                self.store.state().counts.recycled += 1;
                self.end(process);
                continue;
            }
            return process;
        }
        self.start_process(queue)
    }

    fn start_process(&mut self, queue: usize) -> ProcessId {
        let id = self.next_process;
        self.next_process += 1;
        let mut clock = ProcessClock { timeline: self.timeline.clone(), ahead_ms: 0, lateness: Duration::ZERO };
        if self.faults_are_on() && self.chance.happens(self.setup.faults.odd_clock) {
            self.store.state().counts.odd_clocks += 1;
            let skew = i64::try_from(self.chance.time(self.setup.faults.skew).as_millis()).unwrap_or(0);
            clock.ahead_ms = if self.chance.happens(500) { skew } else { -skew };
            clock.lateness = self.chance.time(self.setup.faults.lateness);
        }
        let process = Process { id, queue, store: self.store.clone(), clock };
        let consumer = (self.setup.make)(&process);
        let world = process::World {
            timeline: &self.timeline,
            executor: &self.executor,
            chance: &self.chance,
            starts: &self.starts,
            slips: self.setup.plant.map(Plant::slips).unwrap_or_default(),
            concurrency: self.setup.concurrency,
            clocks_agree: self.setup.faults.skew * 2 < Duration::from_millis(SKEW_MS),
        };
        self.processes.insert(id, Running::start(&process, consumer, &world));
        id
    }

    fn end(&mut self, process: ProcessId) {
        self.processes.remove(&process);
        self.executor.kill(process);
    }

    /// A process may be gone after any step of its tasks.
    pub(super) fn maybe_crash(&mut self, process: ProcessId) {
        let at_work = self.processes.get(&process).and_then(|running| running.invocation);
        let Some(invocation) = at_work.filter(|_| self.faults_are_on()) else { return };
        if self.chance.happens(self.setup.faults.crash) {
            self.store.state().counts.crashes += 1;
            self.tell(format_args!("process {process} crashes in invocation {invocation}"));
            self.end(process);
            self.answered(invocation, &Answer::Error, None);
        }
    }

    pub(super) fn time_out(&mut self, id: u64) {
        let Some(invocation) = self.invocations.get(&id) else { return };
        let process = invocation.process;
        let is_late =
            self.processes.get(&process).is_some_and(|running| running.is_paused || !running.lateness.is_zero());
        self.store.state().counts.time_outs += 1;
        if !is_late {
            self.violation(format!("I23: invocation {id} did not answer before its deadline"));
        }
        self.tell(format_args!("invocation {id} times out"));
        self.end(process);
        self.answered(id, &Answer::Error, None);
    }

    /// Takes what invocations came to.
    pub(super) fn take_answers(&mut self) {
        let answers = std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner));
        for (id, body, report) in answers {
            let Some(process) = self.invocations.get(&id).map(|invocation| invocation.process) else { continue };
            for record in report.iter().flat_map(Report::records) {
                *self.outcomes.entry(record.outcome.name()).or_default() += 1;
            }
            if let Some(running) = self.processes.get_mut(&process) {
                running.invocation = None;
                running.is_paused = false;
                running.epoch.fetch_add(1, Ordering::Relaxed);
            }
            self.store.state().ledger.answers(process);
            // What is left there goes on when the next invocation thaws it, if at all.
            self.executor.freeze(process);
            let answer = body.as_deref().map_or(Answer::Error, Answer::Response);
            self.answered(id, &answer, report.as_ref());
        }
    }

    /// Does with an answer what the mapping does.
    fn answered(&mut self, id: u64, answer: &Answer<'_>, report: Option<&Report>) {
        let Some(Invocation { queue, event, received, .. }) = self.invocations.remove(&id) else { return };
        let flag = if self.setup.mapping.reports_batch_item_failures { Flag::On } else { Flag::Off };
        let verdict = judge(&event, *answer, flag);
        if let BatchFate::Undocumented(why) = &verdict.batch {
            self.violation(format!("I12: nobody knows what becomes of the answer to invocation {id}: {why}"));
        }
        let fates: Vec<_> = verdict.fates().collect();
        self.tell(format_args!("invocation {id}: {fates:?}"));
        if let Some(report) = report {
            self.check_order(queue, &received, report);
        }
        for (place, (message, received)) in verdict.messages.iter().zip(&received).enumerate() {
            if message.fate == MessageFate::Deleted {
                let outcome = report.and_then(|report| report.outcome(place));
                self.check_deletion(queue, received, outcome);
                self.delete(queue, received);
            }
        }
        let now = self.timeline.now();
        self.plan(now, Event::Poll(queue));
    }

    /// Of a FIFO group nothing succeeds behind a failure.
    fn check_order(&self, queue: usize, received: &[Received], report: &Report) {
        if !self.queues.get(queue).is_some_and(|queue| queue.settings.is_fifo()) {
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

    /// Only what is done may be deleted, where the flag is on.
    fn check_deletion(&self, queue: usize, received: &Received, outcome: Option<&Outcome>) {
        if !self.setup.mapping.reports_batch_item_failures {
            return;
        }
        let id = mapping::message_id(queue, received.number);
        if !outcome.is_some_and(Outcome::is_success) {
            self.violation(format!("I11, I13: {id} is deleted although it came to {outcome:?}"));
        }
        if self.store.state().ledger.is_done(&id) == Some(false) {
            self.violation(format!("I4: {id} is deleted although its work was never recorded"));
        }
    }

    /// Gives a process an event that is none of its queue's: it must not answer as if all were well.
    fn maybe_send_a_foreign_event(&mut self, process: ProcessId) {
        if !self.faults_are_on() || !self.chance.happens(self.setup.faults.foreign) {
            return;
        }
        let Some(running) = self.processes.get(&process) else { return };
        self.store.state().counts.foreign += 1;
        let (pipeline, store, plant) = (running.pipeline.clone(), self.store.clone(), self.setup.plant);
        let invocation = pipeline.invocation(Some(self.setup.mapping.function_timeout));
        self.executor.thaw(process);
        self.executor.spawn(
            process,
            Box::pin(async move {
                let report = pipeline.run_event(host::FOREIGN, invocation).await.ok();
                if host::answer(report.as_ref(), plant).is_some() {
                    let what = "I14: an event of another source is answered as if all were well".to_owned();
                    store.state().ledger.violation(what);
                }
            }),
        );
    }

    fn delete(&mut self, queue: usize, received: &Received) {
        if self.faults_are_on() && self.chance.happens(self.setup.faults.lost_delete) {
            self.store.state().counts.lost_deletes += 1;
            return;
        }
        let now = self.timeline.now();
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.delete(received.number, received.receipt, now);
        }
    }
}
