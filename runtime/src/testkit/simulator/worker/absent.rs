//! What stands for a worker without the feature `worker`: nothing can make one, so no simulation has any, and its rules stay as they are.

use std::convert::Infallible;

use crate::{Consumer, queue::QueueSource};

pub(in crate::testkit::simulator) struct Worker(Infallible);

pub(in crate::testkit::simulator) struct WorkerConfig(Infallible);

#[derive(Clone)]
pub(in crate::testkit::simulator) struct WorkerHandle(Infallible);

pub(in crate::testkit::simulator) struct WorkerQueue;

impl Worker {
    pub(super) fn new(_: Consumer, _: impl QueueSource, config: WorkerConfig) -> Result<Self, Infallible> {
        match config.0 {}
    }

    pub(super) fn handle(&self) -> WorkerHandle {
        match self.0 {}
    }

    pub(super) async fn run(self) -> Result<(), Infallible> {
        match self.0 {}
    }
}

impl WorkerHandle {
    pub(super) fn stop(&self) {
        match self.0 {}
    }
}

impl WorkerQueue {
    pub(super) fn new(_: String) -> Self {
        Self
    }
}
