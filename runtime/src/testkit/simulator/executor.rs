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
    ready: Ready,
    /// Processes that stand still: their tasks are not polled.
    frozen: BTreeSet<ProcessId>,
    /// Tasks of those that could go on.
    held: BTreeMap<ProcessId, Vec<u64>>,
    /// Processes that are gone: what they had is dropped, also the task that is being polled.
    dead: BTreeSet<ProcessId>,
}

/// Tasks that can go on. By their ids, not in the order in which they were woken: tokio's channels draw that by chance of their own.
#[derive(Default)]
struct Ready(BTreeSet<u64>);

impl Ready {
    fn insert(&mut self, id: u64) {
        self.0.insert(id);
    }

    /// Takes the one that chance says.
    fn take(&mut self, chance: &Chance) -> Option<u64> {
        let place = match self.0.len() {
            0 => return None,
            len => chance.below(u64::try_from(len).unwrap_or(u64::MAX)),
        };
        let id = self.0.iter().nth(usize::try_from(place).unwrap_or(0)).copied()?;
        self.0.remove(&id);
        Some(id)
    }
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
        let mut tasks = self.tasks();
        tasks.frozen.remove(&process);
        let held = tasks.held.remove(&process).unwrap_or_default();
        held.into_iter().for_each(|id| tasks.ready.insert(id));
    }

    /// Polls one task that can go on; which one, chance says. The process that it belongs to, or `None` where all wait.
    pub(super) fn step(&self, chance: &Chance) -> Option<ProcessId> {
        let (id, mut task) = self.take_ready(chance)?;
        let process = task.process;
        let waker = Waker::from(Arc::new(Waking { executor: self.clone(), id }));
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks();
        if polled == Poll::Pending && !tasks.dead.contains(&process) {
            tasks.waiting.insert(id, task);
        } else {
            drop(tasks);
            drop(task);
        }
        Some(process)
    }

    fn take_ready(&self, chance: &Chance) -> Option<(u64, Task)> {
        let mut tasks = self.tasks();
        loop {
            let id = tasks.ready.take(chance)?;
            // One that ended may have been woken all the same.
            let Some(process) = tasks.waiting.get(&id).map(|task| task.process) else { continue };
            if !tasks.frozen.contains(&process) {
                return tasks.waiting.remove(&id).map(|task| (id, task));
            }
            tasks.held.entry(process).or_default().push(id);
        }
    }
}

/// Makes a task ready.
struct Waking {
    executor: Executor,
    id: u64,
}

impl Wake for Waking {
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
