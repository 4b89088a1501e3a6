//! One record on its way to the handler.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
};

use super::Invocation;
use crate::{
    batch::Record,
    claim::{Claimed, Idempotency, IdempotencyKey, Lease, Writes},
    extract::MissingTransaction,
};

/// One delivery of one message: the record and what surrounds it. What user layers and extractors look at.
///
/// Cheap to clone, as layers that retry or hedge need it.
pub struct Delivery {
    record: Record,
    invocation: Invocation,
    claimed: Option<Claimed>,
    progress: Arc<Progress>,
    /// What commits with this run's success. Of this clone alone, beside what was there when it was cloned: a layer that tries
    /// again or hedges runs the handler on clones, and only the writes of the run that succeeded count.
    writes: OnceLock<Writes>,
}

impl Delivery {
    pub(crate) fn new(
        record: Record,
        invocation: Invocation,
        claimed: Option<Claimed>,
        progress: Arc<Progress>,
    ) -> Self {
        Self { record, invocation, claimed, progress, writes: OnceLock::new() }
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
        self.claimed.as_ref().map(|claimed| claimed.grant.key())
    }

    /// The claim that was granted for this delivery; `None` without idempotency, and in the modes that claim nothing.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.claimed.as_ref().and_then(|claimed| claimed.grant.lease())
    }

    /// The consumer's idempotency; `None` without.
    #[must_use]
    pub fn idempotency(&self) -> Option<&Idempotency> {
        self.claimed.as_ref().map(|claimed| &*claimed.idempotency)
    }

    /// What shall be written together with this message's success, of a type that the store understands; made by the first
    /// who asks.
    ///
    /// # Errors
    ///
    /// Where nothing can be written so: without idempotency, in [`Mode::MarkAfter`](crate::claim::Mode::MarkAfter), and with
    /// a store that knows no transactions.
    pub fn writes(&self, make: impl FnOnce() -> Writes) -> Result<&Writes, MissingTransaction> {
        match &self.claimed {
            Some(claimed) if claimed.grant.is_unguarded() => Err(MissingTransaction::for_now()),
            Some(claimed) if claimed.idempotency.transacts() => Ok(self.writes.get_or_init(make)),
            _ => Err(MissingTransaction::new()),
        }
    }

    /// The token of the attempt that it is; `None` where nothing was claimed.
    #[cfg(feature = "testkit")]
    pub(crate) fn owner(&self) -> Option<crate::claim::Owner> {
        self.claimed.as_ref().and_then(|claimed| claimed.grant.owner())
    }

    pub(crate) fn into_writes(self) -> Option<Writes> {
        self.writes.into_inner()
    }

    /// How much of a result is kept, in bytes; `None` where nothing is.
    pub(crate) fn result_limit(&self) -> Option<usize> {
        self.idempotency().and_then(Idempotency::result_limit)
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Clone for Delivery {
    fn clone(&self) -> Self {
        Self {
            record: self.record.clone(),
            invocation: self.invocation.clone(),
            claimed: self.claimed.clone(),
            progress: Arc::clone(&self.progress),
            writes: self.writes.get().and_then(Writes::fork).map_or_else(OnceLock::new, OnceLock::from),
        }
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
