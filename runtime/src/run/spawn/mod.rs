//! The seam for spawning: the only folder that starts tasks.
//!
//! - `starters`: many tasks at the same moment.
//! - `host`: the task of a host.

#[cfg(any(feature = "lambda", all(feature = "worker", feature = "sqs", feature = "env")))]
mod host;
mod starters;

use std::sync::Arc;

use futures_util::future::BoxFuture;

#[cfg(any(feature = "lambda", all(feature = "worker", feature = "sqs", feature = "env")))]
pub(super) use self::host::off_the_main_thread;

/// Drives tasks: a value of the consumer, so that a simulation can decide what runs when.
pub trait Spawn: Send + Sync + 'static {
    /// Drives the task to its end, beside the caller. The task says itself when it is done, and ends soon after it was told
    /// to stop.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Spawns onto the tokio runtime that the caller runs in.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSpawn;

#[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
impl Spawn for TokioSpawn {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(tokio::spawn(task));
    }
}

/// What drives tasks: tokio, unless somebody says otherwise.
#[derive(Clone, Default)]
pub(crate) enum Spawner {
    /// As [`TokioSpawn`], without a box around what tokio puts on the heap anyway.
    #[default]
    Tokio,
    Other(Arc<dyn Spawn>),
}

impl Spawner {
    #[cfg(feature = "worker")]
    #[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Tokio => drop(tokio::spawn(task)),
            Self::Other(spawner) => spawner.spawn(Box::pin(task)),
        }
    }

    /// All of them, each beside the others.
    pub(crate) fn spawn_all(&self, tasks: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) {
        match self {
            Self::Tokio => starters::start(tasks.collect()),
            Self::Other(spawner) => tasks.for_each(|task| spawner.spawn(Box::pin(task))),
        }
    }
}
