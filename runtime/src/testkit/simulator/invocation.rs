//! Polls, invocations and their answers.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    Event, Plant, World,
    executor::ProcessId,
    host, keys, mapping,
    process::{self, Place, Process, Role, Running, Watched},
    timeline::SimulationClock,
};
use crate::{
    Consumer,
    claim::protocol::claim::SKEW_MS,
    handler::{Host, Invocation as PipelineInvocation},
    run::{Pipeline, Report},
    testkit::{judge::Answer, queue::Received},
};

/// One batch on its way.
pub(super) struct Invocation {
    pub(super) process: ProcessId,
    pub(super) queue: usize,
    pub(super) event: String,
    pub(super) received: Vec<Received>,
    /// Whether the consumer records what is done.
    pub(super) is_guarded: bool,
}

/// What invocations came to: the body of the answer, or none where the function erred; and the report.
pub(super) type Answers = Arc<Mutex<Vec<(u64, Option<String>, Option<Report>)>>>;

impl World {
    pub(super) fn invoke(&mut self, queue: usize, received: Vec<Received>) {
        let process = self.some_process(queue);
        self.maybe_thaw(process);
        self.maybe_send_a_foreign_event(process);
        let Some(running) = self.processes.get_mut(&process) else { return };
        let Role::Function(pipeline) = &running.role else { return };
        let id = self.next_invocation;
        self.next_invocation += 1;
        self.store.state().circumstances.joined += u64::from(!running.invocations.is_empty());
        running.invocations.insert(id);
        self.most_in_a_process = self.most_in_a_process.max(running.invocations.len());
        let guard = running.guard.clone();
        let name = self.queues.all().get(queue).map_or_else(String::new, |queue| queue.settings.name.clone());
        let mut event = mapping::event(queue, &name, &received);
        if let Some(guard) = &guard {
            self.store.name(guard, queue, &name, &received);
        }
        if self.timeline.now() < self.setup.faults.until && self.chance.happens(self.setup.faults.unnamed) {
            self.store.state().counts.unnamed += 1;
            // The first record that is named.
            event = event.replacen("\"messageId\"", "\"lostId\"", 1);
        }
        let (pipeline, answers, json) = (pipeline.clone(), Arc::clone(&self.answers), event.clone());
        let plant = self.setup.plant;
        let host = Host { request_id: Some(id.to_string().into()), ..Host::default() };
        let time = Some(self.setup.mapping.function_timeout);
        let invocation = PipelineInvocation::of_host(Arc::clone(pipeline.clock()), time, host);
        let invocation = self.setup.fails_when.iter().cloned().fold(invocation, PipelineInvocation::fail_when);
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
        self.invocations.insert(id, Invocation { process, queue, event, received, is_guarded: guard.is_some() });
        self.most_at_once = self.most_at_once.max(self.at_work(queue));
        self.plan(self.timeline.now() + self.setup.mapping.function_timeout, Event::TimeOut(id));
        self.maybe_pause(id, process);
    }

    /// An idle process was frozen.
    fn maybe_thaw(&self, process: ProcessId) {
        if self.processes.get(&process).is_some_and(|running| running.invocations.is_empty()) {
            self.store.state().counts.thawed += u64::from(self.executor.has_tasks(process));
            self.executor.thaw(process);
        }
    }

    /// A process of that queue's function that takes one more invocation, or a new one.
    fn some_process(&mut self, queue: usize) -> ProcessId {
        let most = self.setup.mapping.invocations_per_process.max(1);
        let takes_one = |(_, running): &(&ProcessId, &Running)| {
            let is_function = matches!(running.role, Role::Function(_)) && running.queue == queue;
            is_function && running.invocations.len() < most && !running.stands_still
        };
        let take_one = self.processes.iter().filter(takes_one);
        let take_one: Vec<_> = take_one.map(|(id, running)| (*id, running.invocations.is_empty())).collect();
        for (process, is_idle) in take_one {
            if is_idle && self.faults_are_on() && self.chance.happens(self.setup.faults.recycle) {
                self.store.state().counts.recycled += 1;
                self.end(process);
                continue;
            }
            return process;
        }
        self.start_process(queue)
    }

    fn start_process(&mut self, queue: usize) -> ProcessId {
        let process = self.new_process(queue);
        let (consumer, watch) = self.equip(&process, Some(self.setup.mapping.function_timeout));
        let guard = keys::guard_of(&consumer);
        let role = Role::Function(Pipeline::for_tests(consumer));
        self.processes.insert(process.id, Running { guard, ..Running::new(&process, role, watch) });
        process.id
    }

    pub(super) fn new_process(&mut self, queue: usize) -> Process {
        let id = self.next_process;
        self.next_process += 1;
        let mut clock = SimulationClock { timeline: self.timeline.clone(), ahead_ms: 0, lateness: Duration::ZERO };
        if self.faults_are_on() && self.chance.happens(self.setup.faults.odd_clock) {
            self.store.state().counts.odd_clocks += 1;
            let skew = i64::try_from(self.chance.time(self.setup.faults.skew).as_millis()).unwrap_or(0);
            clock.ahead_ms = if self.chance.happens(500) { skew } else { -skew };
            clock.lateness = self.chance.time(self.setup.faults.lateness);
        }
        let (store, queues) = (self.store.clone(), self.queues.clone());
        Process { id, queue, store, queues, clock }
    }

    /// The consumer of a new process.
    pub(super) fn equip(&self, process: &Process, function_timeout: Option<Duration>) -> (Consumer, Watched) {
        let world = process::World {
            timeline: &self.timeline,
            executor: &self.executor,
            chance: &self.chance,
            starts: &self.starts,
            slips: self.setup.plant.map(Plant::slips).unwrap_or_default(),
            concurrency: self.setup.concurrency,
            function_timeout,
            clocks_agree: self.setup.faults.skew * 2 < Duration::from_millis(SKEW_MS),
        };
        world.equip(process, (self.setup.make)(process))
    }

    pub(super) fn end(&mut self, process: ProcessId) {
        self.processes.remove(&process);
        self.executor.kill(process);
        self.store.state().ledger.ends_all(process);
    }

    /// A process may be gone after any step of its tasks.
    pub(super) fn maybe_crash(&mut self, process: ProcessId) {
        if self.faults_are_on() && self.chance.happens(self.setup.faults.crash) {
            self.crash(process);
        }
    }

    /// Ends a process in the middle of its invocation.
    fn crash(&mut self, process: ProcessId) {
        if self.is_worker(process) {
            return self.kill(process);
        }
        let at_work = self.processes.get(&process).is_some_and(|running| !running.invocations.is_empty());
        if at_work {
            self.store.state().counts.crashes += 1;
            self.tell(format_args!("process {process} crashes"));
            self.end_at_work(process);
        }
    }

    /// Ends a process, and with it every invocation that it is at.
    fn end_at_work(&mut self, process: ProcessId) {
        let invocations = self.processes.get(&process).map(|running| running.invocations.clone());
        self.end(process);
        for invocation in invocations.into_iter().flatten() {
            self.tell(format_args!("invocation {invocation} ends with its process"));
            self.answered(invocation, &Answer::Error, None);
        }
    }

    /// Ends the processes whose handler did that.
    pub(super) fn end_what_ended(&mut self) {
        let ended = std::mem::take(&mut self.store.state().ended);
        ended.into_iter().for_each(|process| self.crash(process));
    }

    pub(super) fn time_out(&mut self, id: u64) {
        let Some(invocation) = self.invocations.get(&id) else { return };
        let process = invocation.process;
        let place = Place { process, invocation: Some(id) };
        let is_late = self.processes.get(&process).is_some_and(|running| !running.is_in_time(place));
        self.store.state().counts.time_outs += 1;
        if !is_late {
            self.violation(format!("I23: invocation {id} did not answer before its deadline"));
        }
        self.tell(format_args!("invocation {id} times out"));
        self.end_at_work(process);
    }

    /// Gives a process an event that is none of its queue's: it must not answer as if all were well.
    fn maybe_send_a_foreign_event(&mut self, process: ProcessId) {
        if !self.faults_are_on() || !self.chance.happens(self.setup.faults.foreign) {
            return;
        }
        let Some(Running { role: Role::Function(pipeline), .. }) = self.processes.get(&process) else { return };
        self.store.state().counts.foreign += 1;
        let (pipeline, store, plant) = (pipeline.clone(), self.store.clone(), self.setup.plant);
        let invocation = pipeline.invocation(Some(self.setup.mapping.function_timeout));
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
}
