//! Processes that stand still in the middle of an invocation, and go on where they were.

use super::{Event, World, executor::ProcessId};

impl World {
    /// A process may stand still for a while in this invocation.
    pub(super) fn maybe_pause(&mut self, id: u64, process: ProcessId) {
        if self.faults_are_on() && self.chance.happens(self.setup.faults.pause) {
            let at = self.timeline.now() + self.chance.time(self.setup.mapping.function_timeout);
            self.plan(at, Event::Pause(id, process));
        }
    }

    fn is_at(&self, process: ProcessId, invocation: u64) -> bool {
        self.processes.get(&process).is_some_and(|running| running.invocation == Some(invocation))
    }

    pub(super) fn pause(&mut self, id: u64, process: ProcessId) {
        if !self.is_at(process, id) {
            return;
        }
        self.store.state().counts.paused += 1;
        self.tell(format_args!("process {process} stands still in invocation {id}"));
        self.executor.freeze(process);
        if let Some(running) = self.processes.get(&process) {
            running.watched.stands_still();
        }
        let until = self.timeline.now() + self.chance.time(self.setup.faults.longest_pause);
        self.plan(until, Event::GoOn(id, process));
    }

    pub(super) fn go_on(&mut self, id: u64, process: ProcessId) {
        if self.is_at(process, id) {
            self.executor.thaw(process);
        }
    }
}
