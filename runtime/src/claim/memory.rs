//! Rows in this process's memory: the reference, for tests and `replay`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{BoxFuture, ready};

use super::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, HeldAnswer, IdempotencyKey, IdempotencyStore, Lease, StoreError,
    protocol::{self, Decision},
    row::Row,
};
use crate::clock::{Clock, SharedClock, epoch_ms};

/// An idempotency store in memory.
///
/// It protects within one process and forgets at its end. On Lambda, where every execution environment is a process of its
/// own and ends when AWS likes, that is little: name it there only where nothing is at stake.
///
/// Holds at most [`MAX_ROWS`](Self::MAX_ROWS) rows; once that many are unexpired, new keys are refused.
pub struct MemoryStore {
    clock: SharedClock,
    rows: Mutex<HashMap<IdempotencyKey, Row>>,
}

impl MemoryStore {
    /// The most rows that are kept, about 20 MB.
    pub const MAX_ROWS: usize = 100_000;

    /// An empty store that reads the time from this clock.
    pub fn new(clock: impl Clock) -> Self {
        Self::shared(std::sync::Arc::new(clock))
    }

    pub(crate) fn shared(clock: SharedClock) -> Self {
        Self { clock, rows: Mutex::default() }
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<IdempotencyKey, Row>> {
        // A panic elsewhere cannot leave a row half written: rows are replaced whole.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    fn claim_one(&self, request: &ClaimRequest) -> ClaimAnswer {
        let (mut rows, now_ms) = (self.rows(), self.now_ms());
        if rows.len() >= Self::MAX_ROWS && !rows.contains_key(&request.key) {
            rows.retain(|_, row| row.expires_at_s >= now_ms / 1_000);
            if rows.len() >= Self::MAX_ROWS {
                return ClaimAnswer::Unavailable(StoreError::new("the memory store is full"));
            }
        }
        let decision = protocol::claim(rows.get(&request.key), request, now_ms);
        written(&mut rows, &request.key, decision)
    }
}

fn written<A>(rows: &mut HashMap<IdempotencyKey, Row>, key: &IdempotencyKey, decision: Decision<A>) -> A {
    if let Some(row) = decision.write {
        rows.insert(key.clone(), row);
    }
    decision.answer
}

impl IdempotencyStore for MemoryStore {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest]) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(ready(requests.iter().map(|request| self.claim_one(request)).collect()))
    }

    fn complete<'a>(&'a self, leases: &'a [Lease], expires_at_s: u64) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        let mut rows = self.rows();
        let answers = leases.iter().map(|lease| {
            let decision = protocol::complete(rows.get(&lease.key), lease, expires_at_s);
            written(&mut rows, &lease.key, decision)
        });
        Box::pin(ready(answers.collect()))
    }

    fn release<'a>(&'a self, leases: &'a [Lease]) -> BoxFuture<'a, Vec<HeldAnswer>> {
        let mut rows = self.rows();
        let answers = leases.iter().map(|lease| {
            let decision = protocol::release(rows.get(&lease.key), lease);
            written(&mut rows, &lease.key, decision)
        });
        Box::pin(ready(answers.collect()))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("rows", &self.rows().len()).finish_non_exhaustive()
    }
}
