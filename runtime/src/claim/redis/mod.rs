//! Rows in Redis or Valkey. **A weaker promise than DynamoDB's**: see below before you choose it.
//!
//! Each operation is one Lua script on one key, which the server runs without anything in between: one round trip, also
//! where many keys travel together. What a request without an answer came to is settled by one read. The server deletes a
//! row by itself an hour after its retention; every condition compares the expiry itself.
//!
//! ```no_run
//! use sqs_runtime::{Consumer, Idempotency, claim::redis::RedisStore};
//!
//! async fn place() {}
//!
//! async fn consumer() -> Result<Consumer, Box<dyn std::error::Error>> {
//!     let client = redis::Client::open("redis://127.0.0.1/")?;
//!     let store = RedisStore::new(client.get_connection_manager().await?);
//!     store.probe().await?;
//!     Ok(Consumer::new(place).idempotency(Idempotency::new(store)))
//! }
//! ```
//!
//! # What it does not promise
//!
//! On one server that keeps what it was told, this store keeps every promise that the DynamoDB store keeps. But a server may
//! forget what it has confirmed, and a forgotten claim or completion means that **a message runs, and commits, again**:
//!
//! - **A fail-over forgets.** Replication is asynchronous: what the primary confirmed in its last moments may never have
//!   reached the replica that takes over. A primary that was cut off goes on confirming, too. `min-replicas-to-write` makes
//!   that window shorter and does not close it.
//! - **A restart forgets** what was not on disk: everything without persistence, up to a second with `appendfsync everysec`,
//!   nothing with `appendfsync always`.
//! - **Eviction forgets.** Under every `maxmemory-policy` but `noeviction` a full server throws rows away, and many managed
//!   services come with another one. [`RedisStore::probe`] warns of it. Under `noeviction` a full server refuses new rows
//!   and completions instead, and their messages come back.
//!
//! Fencing tokens start at the clock where a row was forgotten. So they go on growing there too, as far as clocks agree and
//! not within the same millisecond. Where once must mean once, use DynamoDB.
//!
//! # What is stored
//!
//! A row is a hash, its key the prefix and the idempotency key. Names and units are those of the DynamoDB store. A hash
//! where one of these is missing or odd, and a key that holds no hash, is not understood and never overwritten.
//!
//! | field | holds |
//! | --- | --- |
//! | `status` | `INPROGRESS`, `COMPLETED`, `RELEASED`, `FAILED` |
//! | `owner` | the attempt that wrote it, 128 random bits in hexadecimal |
//! | `fence` | the fencing token |
//! | `since` | when the status was written, epoch **milliseconds** |
//! | `attempts` | grants in a row that ended neither in a release nor in a completion |
//! | `in_progress_expiration` | the end of the lease, epoch **milliseconds** |
//! | `expiration` | the end of the retention, epoch **seconds** |
//! | `validation` | the payload's hash |
//! | `version` | the handler's version, where one is known |
//! | `data` | the handler's result as JSON, where it is kept |
//! | `omitted` | 1 where there was a result that could not be kept |
//! | `error` | the class of a rejection, and what it said |
//! | `v` | the version of this schema, 1 |
//!
//! The user needs `evalsha`, `script|load`, `hgetall`, `hset`, `hdel` and `pexpire` on these keys; [`RedisStore::probe`]
//! asks for `info` as well, and warns of nothing without it.
//!
//! # Cluster
//!
//! Each script touches one key, so it may run on a cluster. That was not tried. A cluster connection may send a request again
//! by itself; the conditions know their own writes. Reads are scripts too, so none goes to a replica that lags behind.

mod call;
mod fate;
mod fields;
mod operations;
mod probe;
mod script;
mod time_left;

use std::{fmt, sync::Arc};

use redis::aio::ConnectionLike;

use self::script::Scripts;
use crate::clock::{Clock, SharedClock, SystemClock};

/// An idempotency store in Redis (5 or later) or Valkey.
///
/// Every promise of the conformance suite was tried on Redis 7.0 and by hand on Valkey 9.1; on no managed service.
///
/// Takes a connection that is ready: which TLS and credentials it has is yours to choose. A
/// [`ConnectionManager`](redis::aio::ConnectionManager) connects again after a fault; a
/// [`MultiplexedConnection`](redis::aio::MultiplexedConnection) does not. Each request is bounded by the time that its
/// message has left, and by the connection's own response timeout, 500 ms unless you say otherwise.
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    prefix: Arc<str>,
    scripts: Arc<Scripts>,
    clock: SharedClock,
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// The store behind this connection, with keys that begin with `idempotency:`.
    #[must_use]
    pub fn new(connection: C) -> Self {
        let (scripts, clock) = (Arc::new(Scripts::new()), Arc::new(SystemClock::new()));
        Self { connection, prefix: "idempotency:".into(), scripts, clock }
    }

    /// Keys begin with this instead. All who share keys need the same.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<Arc<str>>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Reads the time of day from this clock, by which leases and retentions end, and waits with it for answers.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
