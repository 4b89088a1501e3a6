//! The seam for spawning: the only file that starts tasks.

use std::fmt;

use futures_util::future::BoxFuture;

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

impl fmt::Debug for dyn Spawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dyn Spawn")
    }
}
