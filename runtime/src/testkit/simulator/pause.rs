//! Processes that stand still in the middle of an invocation, and go on where they were.

use super::{Event, World, executor::ProcessId, process::Place};

impl World {
    /// A process may stand still for a while in this invocation.
    pub(super) fn maybe_pause(&mut self, id: u64, process: ProcessId) {
        if self.faults_are_on() && self.chance.happens(self.setup.faults.pause) {
            let at = self.timeline.now() + self.chance.time(self.setup.mapping.function_timeout);
            self.plan(at, Event::Pause(id, process));
        }
    }

    fn is_at(&self, process: ProcessId, invocation: u64) -> bool {
        self.processes.get(&process).is_some_and(|running| running.invocations.contains(&invocation))
    }

    pub(super) fn pause(&mut self, id: u64, process: ProcessId) {
        if !self.is_at(process, id) {
            return;
        }
        self.store.state().counts.paused += 1;
        self.tell(format_args!("process {process} stands still in invocation {id}"));
        self.executor.freeze(process);
        if let Some(running) = self.processes.get_mut(&process) {
            running.stands_still = true;
            for invocation in &running.invocations {
                running.watched.stands_still(Place { process, invocation: Some(*invocation) });
            }
        }
        let until = self.timeline.now() + self.chance.time(self.setup.faults.longest_pause);
        self.plan(until, Event::GoOn(id, process));
    }

    pub(super) fn go_on(&mut self, id: u64, process: ProcessId) {
        if let Some(running) = self.processes.get_mut(&process).filter(|running| running.invocations.contains(&id)) {
            running.stands_still = false;
            self.executor.thaw(process);
        }
    }
}
