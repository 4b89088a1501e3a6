//! Runs every task of a simulation on one thread, in an order that chance draws.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use futures_util::future::BoxFuture;

use super::chance::Chance;
use crate::run::Spawn;

/// Which process a task belongs to.
pub(super) type ProcessId = usize;

/// The tasks of all processes. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Executor(Arc<Mutex<Tasks>>);

#[derive(Default)]
struct Tasks {
    next: u64,
    /// Tasks that are not being polled right now.
    waiting: BTreeMap<u64, Task>,
    ready: BTreeSet<u64>,
    /// Processes that stand still: their tasks are ready and not polled.
    frozen: BTreeSet<ProcessId>,
    /// Processes that are gone: what they had is dropped, also the task that is being polled.
    dead: BTreeSet<ProcessId>,
}

struct Task {
    process: ProcessId,
    future: BoxFuture<'static, ()>,
}

impl Executor {
    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn spawn(&self, process: ProcessId, future: BoxFuture<'static, ()>) {
        let mut tasks = self.tasks();
        if tasks.dead.contains(&process) {
            return;
        }
        let id = tasks.next;
        tasks.next += 1;
        tasks.waiting.insert(id, Task { process, future });
        tasks.ready.insert(id);
    }

    /// Ends a process at once.
    pub(super) fn kill(&self, process: ProcessId) {
        let dropped: Vec<_> = {
            let mut tasks = self.tasks();
            tasks.dead.insert(process);
            let gone: Vec<u64> =
                tasks.waiting.iter().filter(|(_, task)| task.process == process).map(|(id, _)| *id).collect();
            gone.iter().filter_map(|id| tasks.waiting.remove(id)).collect()
        };
        // Outside of the lock: what is dropped may wake others.
        drop(dropped);
    }

    /// Whether a process has tasks that did not end.
    pub(super) fn has_tasks(&self, process: ProcessId) -> bool {
        self.tasks().waiting.values().any(|task| task.process == process)
    }

    pub(super) fn freeze(&self, process: ProcessId) {
        self.tasks().frozen.insert(process);
    }

    pub(super) fn thaw(&self, process: ProcessId) {
        self.tasks().frozen.remove(&process);
    }

    /// Polls one task that can go on; which one, chance says. The process that it belongs to, or `None` where all wait.
    pub(super) fn step(&self, chance: &Chance) -> Option<ProcessId> {
        let (id, mut task) = self.take_ready(chance)?;
        let process = task.process;
        let waker = Waker::from(Arc::new(Ready { executor: self.clone(), id }));
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks();
        if polled == Poll::Pending && !tasks.dead.contains(&process) {
            tasks.waiting.insert(id, task);
        } else {
            tasks.ready.remove(&id);
            drop(tasks);
            drop(task);
        }
        Some(process)
    }

    fn take_ready(&self, chance: &Chance) -> Option<(u64, Task)> {
        let mut tasks = self.tasks();
        let can_go_on = |id: &&u64| tasks.waiting.get(*id).is_some_and(|task| !tasks.frozen.contains(&task.process));
        let candidates: Vec<u64> = tasks.ready.iter().filter(can_go_on).copied().collect();
        let id = *chance.one_of(&candidates)?;
        tasks.ready.remove(&id);
        tasks.waiting.remove(&id).map(|task| (id, task))
    }
}

/// Makes a task ready.
struct Ready {
    executor: Executor,
    id: u64,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.executor.tasks().ready.insert(self.id);
    }
}

/// Spawns into one process.
pub(super) struct ProcessSpawn {
    pub(super) executor: Executor,
    pub(super) process: ProcessId,
}

impl Spawn for ProcessSpawn {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.executor.spawn(self.process, task);
    }
}
