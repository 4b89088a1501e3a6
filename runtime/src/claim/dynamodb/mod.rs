//! Rows in a DynamoDB table.
//!
//! Each operation is one `UpdateItem` with a condition, or a statement among others that does the same (`together`); what a request
//! without an answer came to is settled by one consistent `GetItem`. A handler's writes travel with its success in one
//! `TransactWriteItems`. Nothing else is asked for, so the role needs `dynamodb:UpdateItem` and `dynamodb:GetItem` on the table, for
//! statements `dynamodb:PartiQLInsert` and `dynamodb:PartiQLUpdate`, and for transactions what they write. A refusal returns the row
//! that refused with it, free of read cost. DynamoDB's own deletion of expired rows comes late, by days; every condition compares the
//! expiry itself.
//!
//! One region: with global tables conditional writes hold within a region only, and the last writer wins across them.

mod expression;
mod fate;
mod item;
mod operations;
mod server_clock;
mod success;
mod table;
mod together;
mod transact;
mod transaction;
mod witness;
mod write;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_sdk_dynamodb::Client;

use self::{expression::Expressions, fate::Fate, server_clock::ServerClock, together::Together};
pub use self::{
    table::{Name, Table},
    transaction::{Added, Transaction},
};
use crate::{
    claim::{IdempotencyKey, StoreError},
    clock::{Clock, SharedClock, SystemClock},
};

/// An idempotency store in a DynamoDB table.
///
/// Takes a client that is ready: which TLS, credentials and region it has is yours to choose.
#[derive(Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: Arc<Table>,
    expressions: Arc<Expressions>,
    clock: SharedClock,
    server_clock: Arc<ServerClock>,
    together: Together,
    /// A row was read at the start.
    is_warm: Arc<AtomicBool>,
}

impl DynamoDbStore {
    /// The store in this table.
    #[must_use]
    pub fn new(client: Client, table: Table) -> Self {
        let expressions = Arc::new(Expressions::of(&table));
        let clock: SharedClock = Arc::new(SystemClock::new());
        let server_clock = Arc::new(ServerClock::new(Arc::clone(&clock), true));
        let together = Together::of(&table);
        let is_warm = Arc::default();
        Self { client, table: Arc::new(table), expressions, clock, server_clock, together, is_warm }
    }

    /// Reads one row, to find at the start what would else fail every message: a missing table, another key schema, a role
    /// without access.
    ///
    /// # Errors
    ///
    /// If the row cannot be read; the error says what to do, where that is known.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let probe = IdempotencyKey::derive("probe", &[]);
        self.read(&probe, None).await.map_err(Fate::into_error)?;
        self.is_warm.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether what is pending at the same moment is written in few requests: up to 25 claims, completions, releases or rejections in one
    /// `BatchExecuteStatement`, each a conditional write of its own. What is refused or fails there is asked by itself. Default on.
    ///
    /// The role needs `dynamodb:PartiQLInsert` and `dynamodb:PartiQLUpdate` for it; without them there is one warning, and each is written
    /// by itself. A claim that meets a row which nobody has read pays one more write unit. Off, every write is a request, which costs the
    /// same units, and over ten times the requests of a large batch.
    #[must_use]
    pub fn write_together(mut self, on: bool) -> Self {
        self.together.is_on = on;
        self
    }

    /// Reads the time of day from this clock, by which leases and retentions end; for tests and simulations. It is not
    /// compared with the server's, as the machine's own is: there, nothing is claimed while the two differ by more than five
    /// minutes.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock: SharedClock = Arc::new(clock);
        let server_clock = Arc::new(ServerClock::new(Arc::clone(&clock), false));
        Self { clock, server_clock, ..self }
    }
}

impl fmt::Debug for DynamoDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbStore").field("table", &self.table.name()).finish_non_exhaustive()
    }
}
