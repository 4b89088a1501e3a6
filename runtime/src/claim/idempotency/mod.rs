//! How a consumer claims: which store, which key, for how long, and by which mode.

mod ask;
mod committed;
mod mode;
mod once;
mod stores;

use std::{fmt, sync::Arc, time::Duration};

pub(crate) use self::ask::Look;
use self::{committed::Committed, stores::Store};
pub use self::{
    mode::{Mode, OnCommitUnknown},
    once::{Once, OnceError},
};
use super::{
    IdempotencyKey, IdempotencyStore, Key, KeyError, ReadAnswer, RowState, StoreError, StoredResult,
    key::{Identity, Namespace},
};
use crate::{
    batch::Record,
    clock::{Clock, SharedClock, SystemClock, epoch_ms},
    handler::Invocation,
    random::{SharedRandom, SystemRandom},
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
    version: Option<Arc<str>>,
    key: Key,
    secret: Option<Arc<[u8]>>,
    retention: Duration,
    lease: Duration,
    mode: Mode,
    check_first: bool,
    result_limit: Option<usize>,
    once_limit: usize,
    /// The invocation that this was taken in as an argument, by which [`once`](Self::once) measures its leases.
    invocation: Option<Invocation>,
    on_replay: Option<OnReplay>,
    on_commit_unknown: OnCommitUnknown,
    run_unguarded: bool,
    crash_limit: Option<u32>,
    cached_keys: usize,
    committed: Arc<Committed>,
    clock: SharedClock,
    random: SharedRandom,
}

/// What is called at each replay.
type OnReplay = Arc<dyn Fn(&Record, &StoredResult) + Send + Sync>;

impl Idempotency {
    /// The longest time that SQS keeps a message, 14 days: redelivery can come that late.
    pub const DEFAULT_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);

    /// How long a lease lasts where the host knows no deadline.
    pub const DEFAULT_LEASE: Duration = Duration::from_secs(60);

    /// How many committed keys a consumer remembers by itself, about 300 bytes each.
    pub const DEFAULT_CACHED_KEYS: usize = 1_000;

    /// The most that [`cached_keys`](Self::cached_keys) takes, about 30 MB.
    const MAX_CACHED_KEYS: usize = 100_000;

    /// The most bytes of a namespace: DynamoDB's keys have at most 2,048.
    const MAX_NAMESPACE_BYTES: usize = 1_024;

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
        Self::in_store(Store::memory(true))
    }

    /// Claims in memory for `replay` and tests only: nobody named a store.
    pub(crate) fn unnamed() -> Self {
        Self::in_store(Store::memory(false))
    }

    /// Whether somebody named a store. A deployment does not start without: a memory that nobody asked for would let every
    /// execution environment do everything once more.
    pub(crate) fn is_named(&self) -> bool {
        self.store.is_named()
    }

    fn in_store(store: Store) -> Self {
        Self {
            store,
            namespace: None,
            version: None,
            key: Key::message_id(),
            secret: None,
            retention: Self::DEFAULT_RETENTION,
            lease: Self::DEFAULT_LEASE,
            mode: Mode::default(),
            check_first: false,
            result_limit: None,
            once_limit: Self::DEFAULT_ONCE_BYTES,
            invocation: None,
            on_replay: None,
            on_commit_unknown: OnCommitUnknown::default(),
            run_unguarded: false,
            crash_limit: None,
            cached_keys: Self::DEFAULT_CACHED_KEYS,
            committed: Arc::new(Committed::new(0)),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
        }
    }

    /// The same as part of a consumer: on its clock, with its chance, and with a memory of commits of its own.
    pub(crate) fn of_consumer(self, clock: &SharedClock, random: &SharedRandom) -> Self {
        let committed = Arc::new(Committed::new(self.cached_keys.min(Self::MAX_CACHED_KEYS)));
        Self { committed, clock: Arc::clone(clock), random: Arc::clone(random), ..self }
    }

    /// The same as an argument of a handler in that invocation.
    pub(crate) fn in_invocation(&self, invocation: &Invocation) -> Self {
        Self { invocation: Some(invocation.clone()), ..self.clone() }
    }

    /// The same with a store around its own, which it makes on that clock if it is one in memory.
    #[cfg(feature = "testkit")]
    pub(crate) fn over(
        self,
        clock: &SharedClock,
        around: impl FnOnce(Arc<dyn IdempotencyStore>) -> Arc<dyn IdempotencyStore>,
    ) -> Self {
        Self { store: Store::Given(around(self.store.share(clock))), ..self }
    }

    /// What keys are kept apart by. Default: the name of the message's queue, the same in every host. Set it where keys name
    /// the work rather than the message: another queue with the same work, such as a dead-letter queue that is consumed
    /// directly or the successor of this queue, has another name, and would do everything once more.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<Arc<str>>) -> Self {
        Self { namespace: Some(namespace.into()), ..self }
    }

    /// The version of the handler. A rejection is remembered for its payload *and this version*: another version tries again.
    /// Default: on Lambda the published version of the function; where none is known (`$LATEST`, other hosts) rejections
    /// are not remembered, and what was rejected is rejected afresh when it comes back.
    #[must_use]
    pub fn handler_version(self, version: impl Into<Arc<str>>) -> Self {
        Self { version: Some(version.into()), ..self }
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

    /// How messages are guarded. Default [`Mode::Lease`].
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Reads the row of every message before anything else. Default off: only messages that may have been delivered before
    /// are looked up. Worth it where many messages are sent twice, since a read costs less than a write that is refused.
    #[must_use]
    pub fn check_first(self, on: bool) -> Self {
        Self { check_first: on, ..self }
    }

    /// Keeps what the handler returns, as JSON of at most that many bytes; a longer one leaves a note that there was one.
    /// Default: nothing is kept, so that every later duplicate is cheap.
    #[must_use]
    pub fn keep_results(self, max_bytes: usize) -> Self {
        Self { result_limit: Some(max_bytes), ..self }
    }

    /// Calls this for every message that is answered without a run because its work is done, with the result as it was
    /// kept. It changes no outcome; if it panics, that is logged.
    #[must_use]
    pub fn on_replay(self, hook: impl Fn(&Record, &StoredResult) + Send + Sync + 'static) -> Self {
        Self { on_replay: Some(Arc::new(hook)), ..self }
    }

    /// What a success means that may or may not have been recorded. Default [`OnCommitUnknown::Fail`].
    #[must_use]
    pub fn on_commit_unknown(self, what: OnCommitUnknown) -> Self {
        Self { on_commit_unknown: what, ..self }
    }

    /// Runs messages without a claim while the store refuses claims: throttled, denied, no such table. Default off: they come
    /// back instead. **They may run more than once.** Never applies where a claim may have been written, and that is all that
    /// is known of a request without an answer. In the modes that claim nothing it applies once 5 reads in a row were refused.
    /// [`Report::unguarded`] counts them.
    ///
    /// [`Report::unguarded`]: crate::run::Report::unguarded
    #[must_use]
    pub fn run_unguarded(self, on: bool) -> Self {
        Self { run_unguarded: on, ..self }
    }

    /// Rejects a message without a run once so many of its runs in a row were never heard of: its process died, or its time ended.
    /// Default: none; the redrive policy decides. A message that meets a slow service looks the same, so leave room.
    #[must_use]
    pub fn crash_limit(self, runs: u32) -> Self {
        Self { crash_limit: Some(runs), ..self }
    }

    /// How many keys that it saw committed a consumer remembers, to answer a repetition without a request. Default 1,000;
    /// 0 asks the store every time, and more than 100,000 are not kept. Results are not among them: with [`keep_results`](Self::keep_results) the store is
    /// asked.
    #[must_use]
    pub fn cached_keys(self, keys: usize) -> Self {
        Self { cached_keys: keys, ..self }
    }

    /// Replaces the clock by which [`status`](Self::status) and [`once`](Self::once) go outside of a consumer; for tests and simulations.
    /// In a consumer its own [`clock`](crate::Consumer::clock) counts.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// What is wrong with the settings, if anything is: found at the start, rather than with every message.
    pub(crate) fn mistake(&self) -> Option<String> {
        let is_too_long = |namespace: &&str| namespace.len() > Self::MAX_NAMESPACE_BYTES;
        let too_long = |_| format!("an idempotency namespace has at most {} bytes", Self::MAX_NAMESPACE_BYTES);
        self.namespace.as_deref().filter(is_too_long).map(too_long).or_else(|| self.key.mistake())
    }

    pub(crate) fn store(&self) -> &dyn IdempotencyStore {
        self.store.get(&self.clock)
    }

    /// The key under which this record's work is done, for tools that look at rows.
    ///
    /// # Errors
    ///
    /// If the record has no key.
    pub fn key_of(&self, record: &Record) -> Result<IdempotencyKey, KeyError> {
        self.identify(record).map(|identity| identity.key)
    }

    /// Makes the store ready, so that the first message does not wait for credentials and a connection.
    ///
    /// [`run`](crate::run()) calls it before it asks for the first invocation or message, waits three seconds for it at most, and goes on
    /// whatever it comes to: on Lambda a start has more CPU than what follows. Programs with hosts of their own call it themselves. A
    /// DynamoDB table is asked for one row, once; a store in memory or in Redis for nothing.
    ///
    /// # Errors
    ///
    /// If the store does not answer. Messages will find out by themselves: no reason to end the program.
    pub async fn warm(&self) -> Result<(), StoreError> {
        match &self.store {
            Store::Given(store) => store.warm().await,
            Store::Memory { .. } => Ok(()),
        }
    }

    /// Where the work of a key stands; `None` where nothing is stored: not yet begun, never sent, or forgotten by now.
    ///
    /// # Errors
    ///
    /// If the store does not answer, or holds a row under that key which is not one of this crate's.
    pub async fn status(&self, key: &IdempotencyKey) -> Result<Option<RowState>, StoreError> {
        match self.store().read(std::slice::from_ref(key), None).await.pop() {
            Some(ReadAnswer::Row(row)) => Ok(Some(row).filter(|row| !row.is_expired(self.now_ms()))),
            Some(ReadAnswer::Nothing) => Ok(None),
            Some(ReadAnswer::Corrupt) => Err(StoreError::new("the row is not one that this crate understands")),
            Some(ReadAnswer::Unavailable(error)) => Err(error),
            None => Err(StoreError::new("the store gave no answer")),
        }
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

    /// When the row of a claim may be forgotten: never before its lease is over, however short the retention.
    pub(crate) fn claim_expires_at_s(&self, lease_expires_at_ms: u64) -> u64 {
        self.expires_at_s().max((lease_expires_at_ms / 1_000).saturating_add(2))
    }

    /// When the row may be forgotten, seconds since 1970.
    pub(crate) fn expires_at_s(&self) -> u64 {
        (epoch_ms(self.clock.wall()) / 1_000).saturating_add(self.retention.as_secs())
    }

    /// When a claim made now shall end, milliseconds since 1970: after the deadline, so that the next delivery finds it
    /// over, or after the configured time where there is no deadline.
    pub(crate) fn lease_expires_at_ms(&self, time_left: Option<Duration>) -> u64 {
        let length = time_left.map_or(self.lease, |left| left.saturating_add(Self::GRACE));
        self.now_ms().saturating_add(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
    }

    /// How long a claim lasts where there is no deadline.
    #[cfg(feature = "testkit")]
    pub(crate) fn lease_without_deadline(&self) -> Duration {
        self.lease
    }

    /// The version that was set, else the host's.
    pub(crate) fn version<'a>(&'a self, host: Option<&'a str>) -> Option<&'a str> {
        self.version.as_deref().or(host)
    }

    pub(crate) fn claims_first(&self) -> bool {
        self.mode == Mode::Lease
    }

    pub(crate) fn checks_first(&self) -> bool {
        self.check_first
    }

    /// Whether a handler's writes can commit together with its success.
    pub(crate) fn transacts(&self) -> bool {
        self.mode != Mode::MarkAfter && self.store().transacts()
    }

    pub(crate) fn result_limit(&self) -> Option<usize> {
        self.result_limit
    }

    pub(crate) fn crashes_allowed(&self) -> Option<u32> {
        self.crash_limit
    }

    pub(crate) fn runs_unguarded(&self) -> bool {
        self.run_unguarded
    }

    pub(crate) fn acknowledges_unknown_commits(&self) -> bool {
        self.on_commit_unknown == OnCommitUnknown::Acknowledge
    }

    pub(crate) fn replayed(&self, record: &Record, result: &StoredResult) {
        if let Some(hook) = &self.on_replay {
            hook(record, result);
        }
    }
}

impl fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idempotency")
            .field("mode", &self.mode)
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
    On(Box<Idempotency>),
}
