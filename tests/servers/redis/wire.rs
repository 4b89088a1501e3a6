//! A connection that counts what is sent over it, loses replies, or says nothing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use redis::{
    Cmd, Pipeline, RedisFuture, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

/// A connection to a server, with faults. Clones are the same connection.
#[derive(Clone)]
pub(super) struct Wire {
    connection: MultiplexedConnection,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    sent: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    replies_to_lose: AtomicUsize,
}

impl Wire {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self { connection, counts: Arc::default() }
    }

    /// How many requests were sent.
    pub(super) fn sent(&self) -> usize {
        self.counts.sent.load(SeqCst)
    }

    /// How many requests waited for their replies at the same time, at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.counts.most_waiting.load(SeqCst)
    }

    /// Loses the replies to the next requests; the server carries them out.
    pub(super) fn lose_replies(&self, replies: usize) {
        self.counts.replies_to_lose.store(replies, SeqCst);
    }
}

impl ConnectionLike for Wire {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        let counts = Arc::clone(&self.counts);
        Box::pin(async move {
            counts.sent.fetch_add(1, SeqCst);
            counts.most_waiting.fetch_max(counts.waiting.fetch_add(1, SeqCst) + 1, SeqCst);
            let reply = self.connection.req_packed_command(command).await;
            counts.waiting.fetch_sub(1, SeqCst);
            let is_lost = counts.replies_to_lose.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
            if is_lost { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { reply }
        })
    }

    fn req_packed_commands<'a>(&'a mut self, _: &'a Pipeline, _: usize, _: usize) -> RedisFuture<'a, Vec<Value>> {
        panic!("the store sends no pipelines")
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

/// A connection over which no answer comes.
#[derive(Clone)]
pub(super) struct Silent;

impl ConnectionLike for Silent {
    fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(std::future::pending())
    }

    fn req_packed_commands<'a>(&'a mut self, _: &'a Pipeline, _: usize, _: usize) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(std::future::pending())
    }

    fn get_db(&self) -> i64 {
        0
    }
}
