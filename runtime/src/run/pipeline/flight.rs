//! Records between their start and their outcome.

use std::{sync::Arc, time::Duration};

use super::kept::Permit;
use crate::{batch::Record, claim::Grant, handler::Progress, outcome::Outcome};
use futures_util::future::AbortHandle;

/// One record in flight: it holds a permit until its outcome is known.
pub(super) struct Flight {
    pub(super) permit: Permit,
    pub(super) stage: Stage,
}

/// How far a record in flight is.
pub(super) enum Stage {
    /// Its row is read, or its claim is on the way.
    Claiming(Record),
    /// Its task runs.
    Running(Running),
    /// Its claim is being completed or given up; `cut` is its outcome if that is not answered in time.
    Settling { cut: Outcome },
}

/// A record whose task was started.
pub(super) struct Running {
    pub(super) grant: Option<Grant>,
    pub(super) progress: Arc<Progress>,
    pub(super) abort: AbortHandle,
    pub(super) started: Duration,
}

impl Running {
    /// Tells the handler to stop; it is gone when its task says how it ended.
    pub(super) fn stop(&self) {
        self.progress.stop();
        self.abort.abort();
    }
}

impl Drop for Running {
    /// Whoever drops a batch stops its handlers: nothing of ours runs on behind an answer.
    fn drop(&mut self) {
        self.stop();
    }
}
