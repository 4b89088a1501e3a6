//! Who hears of a batch once it is over: the log, and the sinks of metrics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{Report, Shared, drive::Drive, kept::Kept, log};
use crate::{
    batch::Batch,
    handler::Invocation,
    layer::Panicked,
    metrics::{Circumstances, Figures},
};

impl Shared {
    /// Drives a batch to its end, and says what became of it.
    pub(super) async fn drive(self: &Arc<Self>, batch: Batch, invocation: Invocation, kept: Option<Kept>) -> Report {
        let report = Drive::new(Arc::clone(self), batch, invocation.clone(), kept).run().await;
        self.tell_of(&report, &invocation);
        report
    }

    fn tell_of(&self, report: &Report, invocation: &Invocation) {
        let mut limit = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        log::tell(report, &mut limit, self.seams.clock.monotonic(), invocation.request_id().is_none());
        drop(limit);
        if self.sinks.is_empty() {
            return;
        }
        let circumstances = Circumstances {
            request_id: invocation.request_id(),
            time_left: invocation.time_left(),
            now: self.seams.clock.wall(),
            is_cold: self.is_cold.swap(false, Ordering::Relaxed),
        };
        let Some(figures) = Figures::of(report, &circumstances) else { return };
        for sink in &self.sinks {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| sink.batch(&figures))) {
                tracing::error!(panic = %Panicked::new(panic), "a sink of metrics panicked");
            }
        }
    }
}
