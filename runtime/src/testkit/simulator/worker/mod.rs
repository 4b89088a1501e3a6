//! Workers in a simulation: processes that receive by themselves, are told to stop, are killed, and come again.

#[cfg(not(feature = "worker"))]
mod absent;
mod deliveries;
mod delivery;
mod source;

use std::{sync::Arc, time::Duration};

#[cfg(not(feature = "worker"))]
pub(super) use self::absent::{Worker, WorkerConfig, WorkerHandle, WorkerQueue};
use self::delivery::Delivery;
pub(super) use self::{deliveries::Deliveries, delivery::Proof};
use super::{
    Event, World,
    client::{ProcessQueue, Receive},
    executor::ProcessId,
    keys,
    process::{Place, Process, Role, Running},
};
#[cfg(feature = "worker")]
pub(super) use crate::run::{Worker, WorkerConfig, WorkerHandle, WorkerQueue};
use crate::{
    batch::Record,
    outcome::Outcome,
    run::Witness,
    testkit::queue::{arn, number},
};

/// What workers a simulation has.
pub(super) struct Workers {
    /// How many for each queue, or for all of them.
    pub(super) processes: usize,
    /// Whether each receives from all queues.
    pub(super) are_shared: bool,
    pub(super) config: MakeConfig,
}

/// The settings of a worker for the queue at that place of these.
type MakeConfig = Box<dyn Fn(usize, Vec<WorkerQueue>) -> WorkerConfig>;

/// How long a process that was told to stop has until it is killed, as on ECS and Kubernetes.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a process takes to be replaced, at most.
const REPLACED_AFTER: Duration = Duration::from_secs(30);

/// How long the program of a worker that ended goes on with something else.
const AFTERLIFE: Duration = Duration::from_secs(10);

/// How long what is under way may take once the queues are empty.
const AFTERGLOW: Duration = Duration::from_secs(300);

/// How often chance looks at a worker.
const A_MINUTE: Duration = Duration::from_secs(60);

impl World {
    pub(super) fn plan_workers(&mut self) {
        let Some(Workers { processes, are_shared, .. }) = self.setup.workers else { return };
        let queues = if are_shared { 1 } else { self.queues.all().len() };
        for queue in (0..queues).flat_map(|queue| std::iter::repeat_n(queue, processes)) {
            self.plan_worker(queue, Duration::from_secs(5));
        }
    }

    fn plan_worker(&mut self, queue: usize, within: Duration) {
        let at = self.timeline.now() + self.chance.time(within);
        self.plan(at, Event::StartWorker(queue));
    }

    pub(super) fn start_worker(&mut self, queue: usize) {
        let names: Vec<_> = self.queues.all().iter().map(|queue| WorkerQueue::new(arn(&queue.settings.name))).collect();
        let Some(workers) = &self.setup.workers else { return };
        let (config, is_shared) = ((workers.config)(queue, names), workers.are_shared);
        let process = self.new_process(queue);
        let (mut consumer, watched) = self.equip(&process, None);
        let guard = keys::guard_of(&consumer);
        consumer.settings.seams.witness = Some(witness(&process));
        let limit = self.setup.concurrency;
        let source = ProcessQueue { guard, limit, is_shared, ..ProcessQueue::of(&process) };
        let worker = match Worker::new(consumer, source, config) {
            Ok(worker) => worker,
            Err(error) => return self.violation(format!("a worker cannot be made: {error}")),
        };
        let (id, store) = (process.id, self.store.clone());
        let running = Running::new(&process, Role::Worker(worker.handle()), watched);
        self.tell(format_args!("process {id} works on queue {queue}"));
        {
            let mut state = store.state();
            state.deliveries.begins(id);
            if !running.is_in_time(at(id)) {
                state.ledger.is_late(id);
            }
        }
        self.processes.insert(id, running);
        self.executor.spawn(
            id,
            Box::pin(async move {
                let ended = worker.run().await.map_err(|error| error.to_string());
                store.state().returned.push((id, ended));
            }),
        );
        self.plan_strike(id);
    }

    fn plan_strike(&mut self, process: ProcessId) {
        let at = self.timeline.now() + self.chance.time(A_MINUTE * 2);
        self.plan(at, Event::Strike(process));
    }

    pub(super) fn is_worker(&self, process: ProcessId) -> bool {
        self.processes.get(&process).is_some_and(|running| matches!(running.role, Role::Worker(_)))
    }

    /// A worker may be told to stop, or stand still for a while.
    pub(super) fn strike(&mut self, process: ProcessId) {
        if !self.faults_are_on() || !self.is_worker(process) {
            return;
        }
        if self.chance.happens(self.setup.faults.stop) {
            self.stop(process);
        }
        if self.chance.happens(self.setup.faults.pause) {
            self.pause_worker(process);
        }
        self.plan_strike(process);
    }

    fn stop(&mut self, process: ProcessId) {
        let Some(Running { role: Role::Worker(handle), .. }) = self.processes.get(&process) else { return };
        let handle = handle.clone();
        let mut state = self.store.state();
        if state.deliveries.is_stopping(process) {
            return;
        }
        state.deliveries.stops(process);
        state.counts.stopped += 1;
        drop(state);
        self.tell(format_args!("process {process} is told to stop"));
        handle.stop();
        self.plan(self.timeline.now() + STOP_TIMEOUT, Event::Kill(process));
    }

    fn pause_worker(&mut self, process: ProcessId) {
        let Some(running) = self.processes.get(&process) else { return };
        running.watched.stands_still(at(process));
        let mut state = self.store.state();
        state.counts.paused += 1;
        state.ledger.is_late(process);
        drop(state);
        self.tell(format_args!("process {process} stands still"));
        self.executor.freeze(process);
        let until = self.timeline.now() + self.chance.time(self.setup.faults.longest_pause);
        self.plan(until, Event::Thaw(process));
    }

    /// Its time to stop is over.
    pub(super) fn kill_unless_it_ended(&mut self, process: ProcessId) {
        let Some(running) = self.processes.get(&process) else { return };
        if running.is_in_time(at(process)) {
            self.violation(format!("I26: process {process} did not end in the time that it had to stop"));
        }
        self.kill(process);
    }

    /// Ends a worker in the middle of everything.
    pub(super) fn kill(&mut self, process: ProcessId) {
        let Some(queue) = self.processes.get(&process).map(|running| running.queue) else { return };
        self.store.state().counts.killed += 1;
        self.tell(format_args!("process {process} is killed"));
        self.end(process);
        self.store.state().deliveries.dies(process);
        self.plan_worker(queue, REPLACED_AFTER);
    }

    /// Whether shared workers, which receive for ever, have had nothing to receive for a while.
    pub(super) fn is_over(&mut self) -> bool {
        let is_shared = self.setup.workers.as_ref().is_some_and(|workers| workers.are_shared);
        let has_sent_all = !self.events.values().any(|event| matches!(event, Event::Send(..)));
        let is_empty = is_shared && has_sent_all && self.queues.all().iter().all(|queue| queue.len() == 0);
        let now = self.timeline.now();
        let since = is_empty.then(|| self.empty_since.unwrap_or(now));
        self.empty_since = since;
        !self.faults_are_on() && since.is_some_and(|since| now.saturating_sub(since) > AFTERGLOW)
    }

    /// Takes note of workers that ended by themselves.
    pub(super) fn take_returned(&mut self) {
        let returned = std::mem::take(&mut self.store.state().returned);
        for (process, ended) in returned {
            let Some(running) = self.processes.remove(&process) else { continue };
            self.tell(format_args!("process {process} ends"));
            self.check_end(process, ended);
            if running.is_in_time(at(process)) {
                self.leaves_nothing(process, &running);
            } else {
                self.store.state().deliveries.dies(process);
                self.executor.kill(process);
            }
            self.plan_worker(running.queue, REPLACED_AFTER);
        }
    }

    /// A worker ends because it was told to stop, and for no other reason.
    fn check_end(&self, process: ProcessId, ended: Result<(), String>) {
        if let Err(error) = ended {
            self.violation(format!("process {process} ends with an error: {error}"));
        }
        if !self.store.state().deliveries.is_stopping(process) {
            self.violation(format!("process {process} ends although nobody told it to stop"));
        }
    }

    /// A worker that was on time ended: everything is said, and nothing runs on.
    fn leaves_nothing(&mut self, process: ProcessId, running: &Running) {
        let now = self.timeline.now();
        let queues = self.queues.all();
        let is_held = |delivery: &Delivery, (queue, receipt): (usize, u64)| {
            let held = queues.get(queue).zip(number(&delivery.message_id));
            held.is_some_and(|(queue, number)| queue.is_held(number, receipt, now))
        };
        let mut state = self.store.state();
        state.ledger.answers_in_time(at(process));
        state.deliveries.returns(process, is_held);
        drop((state, queues));
        running.watched.ends(at(process));
        self.plan(now + AFTERLIFE, Event::Gone(process));
    }

    /// The program of a worker that ended ends too: by then nothing of it runs any more.
    pub(super) fn gone(&mut self, process: ProcessId) {
        let running = self.store.state().ledger.runs_of(process);
        if running > 0 {
            self.violation(format!("I22: {running} handlers of process {process} run although its worker ended"));
        }
        self.executor.kill(process);
    }
}

/// Where a worker's handlers run.
fn at(process: ProcessId) -> Place {
    Place { process, invocation: None }
}

/// Notes what every message of a worker came to.
fn witness(process: &Process) -> Witness {
    let (store, id) = (process.store.clone(), process.id);
    Arc::new(move |record: &Record, outcome: &Outcome| {
        if let Some(receive) = Receive::of(record) {
            let mut state = store.state();
            state.deliveries.comes_to(receive, outcome);
            state.news.push(format!("{receive} comes to {outcome:?} in process {id}"));
        }
    })
}
