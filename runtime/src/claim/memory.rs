//! Rows in this process's memory: the reference, for tests and `replay`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};

use super::{
    ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
    IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
    protocol::{self, Row, Write, cancel, claim, complete, fail, forget, mark, release, renew},
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
    rows: Mutex<Rows>,
}

type Rows = HashMap<IdempotencyKey, Row>;

impl MemoryStore {
    /// The most rows that are kept, about 30 MB.
    pub const MAX_ROWS: usize = 100_000;

    /// An empty store that reads the time from this clock.
    pub fn new(clock: impl Clock) -> Self {
        Self::shared(Arc::new(clock))
    }

    pub(crate) fn shared(clock: SharedClock) -> Self {
        Self { clock, rows: Mutex::default() }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // A panic elsewhere cannot leave a row half written: rows are replaced whole.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    /// Answers each element under one lock.
    fn each<'a, T, A: Send + 'a>(
        &'a self,
        elements: &[T],
        answer: impl Fn(&mut Rows, &T) -> A,
    ) -> BoxFuture<'a, Vec<A>> {
        let mut rows = self.rows();
        let answers = elements.iter().map(|element| answer(&mut rows, element)).collect();
        Box::pin(ready(answers))
    }

    /// Whether a row can be made for this key, after expired ones were thrown out.
    fn has_room(rows: &mut Rows, key: &IdempotencyKey, now_ms: u64) -> bool {
        if rows.len() >= Self::MAX_ROWS && !rows.contains_key(key) {
            rows.retain(|_, row| !row.is_expired(now_ms));
        }
        rows.len() < Self::MAX_ROWS || rows.contains_key(key)
    }
}

/// Runs one conditional write.
fn write(
    rows: &mut Rows,
    key: &IdempotencyKey,
    allows: bool,
    next: impl FnOnce(Option<&Row>) -> Option<Row>,
) -> Write<Row> {
    let row = rows.get(key);
    let next = if allows { next(row) } else { None };
    let written = protocol::write(row, next);
    if let Write::Written(row) = &written {
        rows.insert(key.clone(), row.clone());
    }
    written
}

/// Runs one conditional write that only the holder of a lease may do.
fn write_held(rows: &mut Rows, lease: &Lease, next: impl FnOnce(&Row) -> Row) -> Write<Row> {
    let allows = protocol::holds(rows.get(&lease.key), lease);
    write(rows, &lease.key, allows, |row| row.map(next))
}

impl IdempotencyStore for MemoryStore {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        let now_ms = self.now_ms();
        self.each(requests, |rows, request| {
            if !Self::has_room(rows, &request.key, now_ms) {
                return ClaimAnswer::Unavailable(StoreError::new("the memory store is full"));
            }
            let allows = claim::allows(rows.get(&request.key), request, now_ms);
            let written = write(rows, &request.key, allows, |row| Some(claim::granted(row, request, now_ms)));
            claim::answer(written, request)
        })
    }

    fn complete<'a>(
        &'a self,
        requests: &'a [CompleteRequest],
        _: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        let now_ms = self.now_ms();
        self.each(requests, |rows, request| {
            let written = write_held(rows, &request.lease, |row| complete::completed(row, request, now_ms));
            complete::answer(&written, request)
        })
    }

    fn release<'a>(&'a self, leases: &'a [Lease], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        let now_ms = self.now_ms();
        self.each(leases, |rows, lease| {
            protocol::held_answer(&write_held(rows, lease, |row| release::released(row, now_ms)))
        })
    }

    fn cancel<'a>(&'a self, leases: &'a [Lease], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.each(leases, |rows, lease| protocol::held_answer(&write_held(rows, lease, cancel::cancelled)))
    }

    fn fail<'a>(&'a self, requests: &'a [FailRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        let now_ms = self.now_ms();
        self.each(requests, |rows, request| {
            protocol::held_answer(&write_held(rows, &request.lease, |row| fail::failed(row, request, now_ms)))
        })
    }

    fn renew<'a>(&'a self, requests: &'a [RenewRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        self.each(requests, |rows, RenewRequest { lease, until_ms }| {
            let allows = renew::allows(rows.get(&lease.key), lease, *until_ms);
            let written = write(rows, &lease.key, allows, |row| row.map(|row| renew::renewed(row, *until_ms)));
            renew::answer(&written, lease, *until_ms)
        })
    }

    fn mark<'a>(&'a self, requests: &'a [MarkRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        let now_ms = self.now_ms();
        self.each(requests, |rows, request| {
            let key = &request.claim.key;
            if !Self::has_room(rows, key, now_ms) {
                return CompleteAnswer::Unknown(StoreError::new("the memory store is full"));
            }
            let allows = claim::allows(rows.get(key), &request.claim, now_ms);
            let written = write(rows, key, allows, |row| Some(mark::marked(row, request, now_ms)));
            mark::answer(&written, request)
        })
    }

    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], _: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        self.each(keys, |rows, key| {
            rows.get(key).map_or(ReadAnswer::Nothing, |row| ReadAnswer::Row(row.clone().into()))
        })
    }

    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        let now_ms = self.now_ms();
        let mut rows = self.rows();
        let allows = forget::allows(rows.get(key));
        let written = write(&mut rows, key, allows, |row| row.map(|row| forget::forgotten(row, now_ms)));
        Box::pin(ready(Ok(matches!(written, Write::Written(_)))))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("rows", &self.rows().len()).finish_non_exhaustive()
    }
}
