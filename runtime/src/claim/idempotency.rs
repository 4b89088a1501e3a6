//! How a consumer claims: which store, which key, for how long.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{
    IdempotencyKey, IdempotencyStore, Key, KeyError, MemoryStore, StoreError,
    key::{Identity, Namespace},
};
use crate::{
    batch::Record,
    clock::{SharedClock, SystemClock, epoch_ms},
};

/// How messages are claimed before their handler runs.
///
/// ```
/// use sqs_runtime::{Consumer, Idempotency};
///
/// async fn place() {}
/// let consumer: Consumer = Consumer::new(place).idempotency(Idempotency::memory());
/// ```
#[derive(Clone)]
pub struct Idempotency {
    store: Store,
    namespace: Option<Arc<str>>,
    key: Key,
    secret: Option<Arc<[u8]>>,
    retention: Duration,
    lease: Duration,
}

/// The store that was given, or one in memory, which is made when the consumer's clock is known. Clones share it.
#[derive(Clone)]
enum Store {
    Given(Arc<dyn IdempotencyStore>),
    Memory { store: Arc<OnceLock<Arc<dyn IdempotencyStore>>>, is_named: bool },
}

impl Idempotency {
    /// The longest time that SQS keeps a message, 14 days: redelivery can come that late.
    pub const DEFAULT_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);

    /// How long a lease lasts where the host knows no deadline.
    pub const DEFAULT_LEASE: Duration = Duration::from_secs(60);

    /// What a lease gets on top of the invocation's deadline.
    const GRACE: Duration = Duration::from_secs(5);

    /// Claims in this store.
    pub fn new(store: impl IdempotencyStore) -> Self {
        Self::in_store(Store::Given(Arc::new(store)))
    }

    /// Claims in this process's memory: protects within one process and forgets at its end. Reads the time from the consumer's
    /// clock; of consumers that share it, from the first one's.
    #[must_use]
    pub fn memory() -> Self {
        Self::in_store(Store::Memory { store: Arc::default(), is_named: true })
    }

    /// Claims in memory for `replay` and tests only: nobody named a store.
    pub(crate) fn unnamed() -> Self {
        Self::in_store(Store::Memory { store: Arc::default(), is_named: false })
    }

    /// Whether somebody named a store. A deployment does not start without: a memory that nobody asked for would let every
    /// execution environment do everything once more.
    pub(crate) fn is_named(&self) -> bool {
        !matches!(self.store, Store::Memory { is_named: false, .. })
    }

    fn in_store(store: Store) -> Self {
        Self {
            store,
            namespace: None,
            key: Key::message_id(),
            secret: None,
            retention: Self::DEFAULT_RETENTION,
            lease: Self::DEFAULT_LEASE,
        }
    }

    /// The same with its store made, where that waits for the clock.
    pub(crate) fn on(self, clock: &SharedClock) -> Self {
        let Store::Memory { store, .. } = &self.store else { return self };
        let store = store.get_or_init(|| Arc::new(MemoryStore::shared(Arc::clone(clock))));
        Self { store: Store::Given(Arc::clone(store)), ..self }
    }

    /// What keys are kept apart by. Default: the name of the message's queue, the same in every host.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<Arc<str>>) -> Self {
        Self { namespace: Some(namespace.into()), ..self }
    }

    /// How a message's key is taken. Default: its message id.
    ///
    /// A record without its key is rejected without a run: it is never run unguarded.
    #[must_use]
    pub fn key(self, key: Key) -> Self {
        Self { key, ..self }
    }

    /// Keys are made with this secret, so that nobody without it can guess from a row whose it is. All who share keys need the
    /// same one.
    #[must_use]
    pub fn secret(self, secret: impl Into<Arc<[u8]>>) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }

    /// How long a success is remembered. Default 14 days; shorter than the queue's own retention loses protection.
    #[must_use]
    pub fn retention(self, retention: Duration) -> Self {
        Self { retention, ..self }
    }

    /// How long a claim lasts where no deadline is known. Default 60 s.
    #[must_use]
    pub fn lease_duration(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// The store; in memory where the clock was never given, which no pipeline leaves so.
    pub(crate) fn store(&self) -> &dyn IdempotencyStore {
        match &self.store {
            Store::Given(store) => &**store,
            Store::Memory { store, .. } => {
                &**store.get_or_init(|| Arc::new(MemoryStore::shared(Arc::new(SystemClock::new()))))
            }
        }
    }

    /// The key under which this record's work is done, for tools that look at rows.
    ///
    /// # Errors
    ///
    /// If the record has no key.
    pub fn key_of(&self, record: &Record) -> Result<IdempotencyKey, KeyError> {
        self.identify(record).map(|identity| identity.key)
    }

    /// Forgets that a message was rejected, by hand, after the fault in the data was mended elsewhere: the next delivery runs.
    /// `false` if there was no rejection. A success is never forgotten, and a claim belongs to its attempt.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn forget(&self, key: &IdempotencyKey) -> Result<bool, StoreError> {
        self.store().forget(key).await
    }

    /// Whether keys are message ids, so that two records with one key are one message.
    pub(crate) fn is_keyed_by_message_id(&self) -> bool {
        self.key.is_message_id()
    }

    /// The record's key and payload hash.
    pub(crate) fn identify(&self, record: &Record) -> Result<Identity, KeyError> {
        let queue = record.queue_arn().and_then(|arn| arn.name());
        let name = self.namespace.as_deref().or(queue).unwrap_or("sqs");
        self.key.identify(record, &Namespace { name, secret: self.secret.as_deref() })
    }

    /// When the row may be forgotten, seconds since 1970.
    pub(crate) fn expires_at_s(&self, clock: &SharedClock) -> u64 {
        (epoch_ms(clock.wall()) / 1_000).saturating_add(self.retention.as_secs())
    }

    /// When a claim made now shall end, milliseconds since 1970: after the deadline, so that the next delivery finds it
    /// over, or after the configured time where there is no deadline.
    pub(crate) fn lease_expires_at_ms(&self, clock: &SharedClock, time_left: Option<Duration>) -> u64 {
        let length = time_left.map_or(self.lease, |left| left.saturating_add(Self::GRACE));
        epoch_ms(clock.wall()).saturating_add(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("namespace", &self.namespace)
            .field("key", &self.key)
            .field("retention", &self.retention)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// What a consumer said about idempotency. Nothing said is not "off": nobody runs unguarded by forgetting a line.
#[derive(Clone, Debug, Default)]
pub(crate) enum Guard {
    #[default]
    Unsaid,
    Off,
    On(Idempotency),
}
