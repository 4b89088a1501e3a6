//! Any piece of work, done once for its key, inside a handler or outside.

use std::{
    fmt,
    panic::{AssertUnwindSafe, resume_unwind},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Either, select},
};
use serde::{Serialize, de::DeserializeOwned};

use super::Idempotency;
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, IdempotencyKey, Lease, Owner, PayloadHash,
        StoreError, StoredResult,
    },
    clock::is_plausible,
    handler::Invocation,
};

/// What a piece of work came to, now or earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Once<T> {
    /// What the work returned.
    pub value: T,
    /// Whether it was done by an earlier call, so that nothing ran now.
    pub is_replay: bool,
}

/// Why a piece of work has no value to give.
#[derive(Debug)]
#[non_exhaustive]
pub enum OnceError<E> {
    /// The work failed; the key is free again.
    Work(E),
    /// Another call is at it until then (milliseconds since 1970), or died in it.
    InProgress {
        /// The end of the other's lease.
        lease_expires_at_ms: u64,
    },
    /// The work took longer than its lease and was stopped: another call may be at it by now.
    LeaseOver,
    /// The work was done, but its value was too large to be kept, or does not fit the type that is asked for.
    NoValue,
    /// The key belongs to other work: a message's, or one that was rejected.
    OtherWork,
    /// The store refused or did not answer; nothing ran.
    Store(StoreError),
    /// The work was done now, but whether that was recorded is not known.
    CommitUnknown(StoreError),
}

impl Idempotency {
    /// How large a value of [`once`](Self::once) may be, as JSON, unless [`once_bytes`](Self::once_bytes) says otherwise.
    pub const DEFAULT_ONCE_BYTES: usize = 64 * 1024;

    /// How large a value of [`once`](Self::once) may be, as JSON. Default 64 KiB.
    #[must_use]
    pub fn once_bytes(self, most: usize) -> Self {
        Self { once_limit: most, ..self }
    }

    /// Does a piece of work once for its key; every later call gets the value of the first that succeeded.
    ///
    /// For one step among several of a handler, or outside of any. The key must name all that the work depends on, and each
    /// step needs one of its own: in a handler [`IdempotencyKey::step`] of the message's key. The row is never the message's,
    /// even if the key is; `status(&key.step("once"))` tells where it stands.
    ///
    /// Inside a handler take `Idempotency` as an argument: the lease then ends after the invocation's deadline. Elsewhere it
    /// is [`lease_duration`](Self::lease_duration). Work that takes longer is stopped.
    ///
    /// ```
    /// use sqs_runtime::{Failure, Idempotency, claim::IdempotencyKey};
    ///
    /// async fn place(key: IdempotencyKey, idempotency: Idempotency) -> Result<(), Failure> {
    ///     // If the second step fails, the next delivery does not repeat the first.
    ///     let invoice = idempotency.once(&key.step("invoice"), async { Ok::<u32, Failure>(7) }).await?;
    ///     idempotency.once(&key.step("mail"), async { Ok::<_, Failure>(drop(invoice.value)) }).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// ```
    /// use sqs_runtime::{Idempotency, claim::IdempotencyKey};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let idempotency = Idempotency::memory();
    /// let key = IdempotencyKey::derive("invoices", &[b"A-1001"]);
    /// let invoice = async || idempotency.once(&key, async { Ok::<u32, std::io::Error>(7) }).await;
    /// assert_eq!((invoice().await?.value, invoice().await?.is_replay), (7, true));
    /// # Ok::<(), sqs_runtime::claim::OnceError<std::io::Error>>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`OnceError`] says which; after each of them the call may be repeated.
    pub async fn once<T, E, F>(&self, key: &IdempotencyKey, work: F) -> Result<Once<T>, OnceError<E>>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, E>>,
    {
        match self.claim_once(key).await? {
            Claim::Granted(lease) => self.work_once(lease, work).await,
            Claim::Done(result) => {
                let value = result.json().and_then(|json| serde_json::from_str(json).ok()).ok_or(OnceError::NoValue)?;
                Ok(Once { value, is_replay: true })
            }
        }
    }

    async fn claim_once<E>(&self, key: &IdempotencyKey) -> Result<Claim, OnceError<E>> {
        if !is_plausible(self.clock.wall()) {
            return Err(OnceError::Store(StoreError::new("this machine's time of day lies in the past")));
        }
        let owner = Owner::draw(&*self.random).map_err(|error| OnceError::Store(StoreError::new(error)))?;
        let lease_end = self.lease_expires_at_ms(self.invocation.as_ref().and_then(Invocation::time_left));
        let expires_at_s = self.claim_expires_at_s(lease_end);
        let request = ClaimRequest::new(key.step("once"), owner, lease_end, expires_at_s, PayloadHash::of(b"once"));
        match self.store().claim(&[request], None).await.pop() {
            Some(ClaimAnswer::Acquired(lease)) => Ok(Claim::Granted(lease)),
            Some(ClaimAnswer::Completed { result }) => Ok(Claim::Done(result)),
            Some(ClaimAnswer::InProgress { lease_expires_at_ms }) => Err(OnceError::InProgress { lease_expires_at_ms }),
            Some(ClaimAnswer::KeyConflict | ClaimAnswer::RejectedBefore { .. }) => Err(OnceError::OtherWork),
            Some(ClaimAnswer::Unavailable(error) | ClaimAnswer::Unknown(error)) => Err(OnceError::Store(error)),
            Some(ClaimAnswer::Corrupt) => Err(OnceError::Store(StoreError::new("the row is not understood"))),
            None => Err(OnceError::Store(StoreError::new("the store gave no answer"))),
        }
    }

    async fn work_once<T, E, F>(&self, lease: Lease, work: F) -> Result<Once<T>, OnceError<E>>
    where
        T: Serialize,
        F: Future<Output = Result<T, E>>,
    {
        let left = Duration::from_millis(lease.expires_at_ms.saturating_sub(self.now_ms()));
        let worked = {
            let work = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
            match select(work, self.clock.sleep(left)).await {
                Either::Left((worked, _)) => worked,
                // Its effects may still be landing: the lease is not released, it is over.
                Either::Right(_) => return Err(OnceError::LeaseOver),
            }
        };
        match worked {
            Ok(Ok(value)) => self.complete_once(lease, value).await,
            Ok(Err(error)) => {
                self.store().release(&[lease], None).await;
                Err(OnceError::Work(error))
            }
            Err(panic) => {
                self.store().release(&[lease], None).await;
                resume_unwind(panic)
            }
        }
    }

    async fn complete_once<T: Serialize, E>(&self, lease: Lease, value: T) -> Result<Once<T>, OnceError<E>> {
        // `null`, the value of what returns nothing, has four.
        let result = StoredResult::of(&value, self.once_limit.max(4));
        if result.json().is_none() {
            tracing::warn!(limit = self.once_limit, "a value of `once` cannot be kept: later calls will not get it");
        }
        let request = CompleteRequest::new(lease, self.expires_at_s()).result(result);
        match self.store().complete(&[request], None).await.pop() {
            Some(CompleteAnswer::Committed) => Ok(Once { value, is_replay: false }),
            Some(CompleteAnswer::CompletedElsewhere | CompleteAnswer::LeaseLost) => Err(OnceError::LeaseOver),
            Some(CompleteAnswer::KeyConflict) => Err(OnceError::OtherWork),
            Some(CompleteAnswer::Unknown(error)) => Err(OnceError::CommitUnknown(error)),
            None => Err(OnceError::CommitUnknown(StoreError::new("the store gave no answer"))),
        }
    }
}

/// What a claim of a piece of work came to.
enum Claim {
    Granted(Lease),
    Done(StoredResult),
}

impl<E: fmt::Display> fmt::Display for OnceError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work(error) => error.fmt(f),
            Self::InProgress { .. } => f.write_str("the work is in progress elsewhere"),
            Self::LeaseOver => f.write_str("the work took longer than its lease"),
            Self::NoValue => f.write_str("the work was done before, but its value was not kept as this type"),
            Self::OtherWork => f.write_str("the key belongs to other work"),
            Self::Store(error) => write!(f, "the idempotency store did not claim the work: {error}"),
            Self::CommitUnknown(error) => write!(f, "the work was done, but may not be recorded: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for OnceError<E> {}
