//! One record on its way to the handler.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
};

use super::Invocation;
use crate::{
    batch::Record,
    claim::{IdempotencyKey, Lease},
};

/// One delivery of one message: the record and what surrounds it. What user layers and extractors look at.
///
/// Cheap to clone, as layers that retry or hedge need it.
#[derive(Clone)]
pub struct Delivery {
    record: Record,
    invocation: Invocation,
    lease: Option<Lease>,
    progress: Arc<Progress>,
}

impl Delivery {
    pub(crate) fn new(record: Record, invocation: Invocation, lease: Option<Lease>, progress: Arc<Progress>) -> Self {
        Self { record, invocation, lease, progress }
    }

    /// The message.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The invocation or receive that the message came with.
    #[must_use]
    pub fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// The key under which this message's work commits once; `None` without idempotency.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.lease.as_ref().map(Lease::key)
    }

    /// The claim that was granted for this delivery; `None` without idempotency.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("record", &self.record).finish_non_exhaustive()
    }
}

/// How far the handler's runs of one delivery got. A run that began and was dropped may have left effects behind, whoever
/// dropped it: its claim must run out instead of being released.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    runs: AtomicU16,
    was_dropped: AtomicBool,
    is_stopped: AtomicBool,
}

impl Progress {
    /// A run begins: until it ends, it counts as dropped. `None` once the message was told to stop: an extractor that blocks
    /// its thread may come back long after the answer.
    pub(crate) fn start(&self) -> Option<Running<'_>> {
        if self.is_stopped.load(Ordering::Acquire) {
            return None;
        }
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.was_dropped.store(true, Ordering::Release);
        Some(Running(self))
    }

    /// No run begins any more.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Whether the last run was begun and neither returned nor panicked.
    pub(crate) fn was_dropped(&self) -> bool {
        self.was_dropped.load(Ordering::Acquire)
    }

    /// How often the handler was started: once, unless a layer tries again.
    pub(crate) fn runs(&self) -> u16 {
        self.runs.load(Ordering::Relaxed)
    }
}

/// A run of the handler, from its first poll to its return.
pub(crate) struct Running<'a>(&'a Progress);

impl Running<'_> {
    pub(crate) fn finish(self) {
        self.0.was_dropped.store(false, Ordering::Release);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A panic ends a run as a return does: it will not go on behind our back.
        if std::thread::panicking() {
            self.0.was_dropped.store(false, Ordering::Release);
        }
    }
}
