//! A connection that counts what is sent over it, loses replies, or says nothing.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use redis::{
    Cmd, Pipeline, RedisError, RedisFuture, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not reach the server.
    Request,
    /// The server carries it out, and the connection breaks before the reply.
    Reply,
    /// The server carries it out, and the reply never comes.
    Silence,
}

/// A connection to a server, with faults. Clones are the same connection.
#[derive(Clone)]
pub(super) struct Wire {
    connection: MultiplexedConnection,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    sent: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
    faults: Mutex<VecDeque<Fault>>,
}

impl Wire {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self { connection, shared: Arc::default() }
    }

    /// How many requests were sent.
    pub(super) fn sent(&self) -> usize {
        self.shared.sent.load(SeqCst)
    }

    /// How many requests waited for their replies at the same time, at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.shared.most_waiting.load(SeqCst)
    }

    /// The next requests meet this fault.
    pub(super) fn fail(&self, requests: usize, fault: Fault) {
        self.shared.faults.lock().expect("no panic").extend(std::iter::repeat_n(fault, requests));
    }

    /// Whether all faults have happened.
    pub(super) fn is_whole(&self) -> bool {
        self.shared.faults.lock().expect("no panic").is_empty()
    }

    async fn carry_out(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        self.shared.sent.fetch_add(1, SeqCst);
        self.shared.most_waiting.fetch_max(self.shared.waiting.fetch_add(1, SeqCst) + 1, SeqCst);
        let reply = self.connection.req_packed_command(command).await;
        self.shared.waiting.fetch_sub(1, SeqCst);
        reply
    }
}

fn broken() -> RedisError {
    io::Error::from(io::ErrorKind::UnexpectedEof).into()
}

impl ConnectionLike for Wire {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let next = || self.shared.faults.lock().expect("no panic").pop_front();
            let fault = self.shared.faults.lock().expect("no panic").front().copied();
            if fault == Some(Fault::Request) {
                next();
                return Err(broken());
            }
            let reply = self.clone().carry_out(command).await;
            match fault.and_then(|_| next()) {
                None => reply,
                Some(Fault::Silence) => std::future::pending().await,
                Some(Fault::Request | Fault::Reply) => Err(broken()),
            }
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
