//! Stage 2, claim the record's key, or learn that it is done.
#![doc(alias = "idempotency")]
//!
//! Before a handler runs, one conditional write puts the message's [`IdempotencyKey`] in progress; after it, another one
//! completes the row if the claim is still ours, or releases it. What the writes mean is decided by pure functions over
//! (stored row, request, time) that every store of this crate shares; [`IdempotencyStore`] has them in a table, for one of your own.

mod breaker;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "env")]
mod env;
mod grant;
mod idempotency;
mod key;
mod lease;
mod memory;
pub(crate) mod protocol;
#[cfg(feature = "redis")]
pub mod redis;
mod store;

pub(crate) use self::{
    breaker::Breaker,
    grant::{Claimed, Grant},
    idempotency::{Guard, Look},
    key::Identity,
};
pub use self::{
    idempotency::{Idempotency, Mode, OnCommitUnknown, Once, OnceError},
    key::{Envelope, IdempotencyKey, Key, KeyError, Parts, PayloadHash},
    lease::{FencingToken, Lease, Owner},
    memory::MemoryStore,
    store::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyStore,
        MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, RowState, RowStatus, StoreError, StoredResult, Success,
        TransactAnswer, TransactRequest, Writes,
    },
};
