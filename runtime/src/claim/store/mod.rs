//! What a store must do. Small on purpose: the meaning is in the protocol, the store only makes it atomic.

mod answer;
mod error;
mod request;
mod result;
mod row_state;
mod transact;

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, ready};

pub use self::{
    answer::{ClaimAnswer, CompleteAnswer, HeldAnswer, ReadAnswer, RenewAnswer},
    error::StoreError,
    request::{ClaimRequest, CompleteRequest, FailRequest, MarkRequest, RenewRequest},
    result::StoredResult,
    row_state::{RowState, RowStatus},
    transact::{Success, TransactAnswer, TransactRequest, Writes},
};
use super::{IdempotencyKey, Lease};

/// Where idempotency rows live.
///
/// Every operation takes what is pending together and gives **one answer for each element, in the same order**, so that a
/// store can let them travel together. Each element is a conditional write of its own: one that is refused does not touch
/// the others. An operation never fails as a whole; an element whose fate is not known is answered as unknown.
///
/// An answer that is missing is taken as unknown, and what runs is then failed rather than run twice.
///
/// # What a row is and how it changes
///
/// A row has a status (in progress until the end of a lease, done, released, rejected), an owner, a fencing token, the end of its retention, a
/// payload hash and a version. Times of day are the store's own clock's; clocks of two machines may differ by a second, the skew.
///
/// | operation | is done where | what it leaves |
/// | --- | --- | --- |
/// | `claim` | there is no row; its retention is over (`expires_at_s` before now); it is in progress and its lease has been over for more than the skew; it is released, and not by this very owner; it is rejected, and of another payload, or of another version, or of none | in progress for this owner, with a fencing token above all that the key ever had (a row that is new begins at the clock, in milliseconds, so that it goes on growing where a row was forgotten), one attempt more |
/// | `complete`, `release`, `fail`, `renew`, `cancel` | the row is in progress for the lease's owner with its fencing token, whatever the time | done, released, rejected, and with `cancel` in progress as before, all without attempts; a renewal only moves the end, and never back |
/// | `mark` | as `claim` | done, with a fencing token above |
///
/// What was not done is answered by the row that refused it: a claim that meets its own owner's living claim, and a completion or mark that meets its
/// own, are granted and committed, since their first answer was lost; a claim that meets its own release is a late copy, and is `InProgress`
/// with a lease that ended at 0; done with the same payload is `Completed` or `CompletedElsewhere`, with another `KeyConflict`; else it is `InProgress`,
/// `RejectedBefore` or `LeaseLost`.
///
/// (`BoxFuture` is that of `futures-util`: a pinned box of a future that is `Send`.)
///
/// `testkit::conformance` tries it line by line, and `testkit::simulator::Simulation::store` under everything that goes wrong.
///
/// `time_left` is the time until the answer is of no use any more; `None` where nothing limits it. A store bounds its
/// requests by it.
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Puts keys in progress where they are free, expired, released, rejected otherwise, or their lease has ended.
    fn claim<'a>(
        &'a self,
        requests: &'a [ClaimRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<ClaimAnswer>>;

    /// Records successes, each only if its lease is still the one that holds the row. No clock decides: a late completion
    /// by the owner that is still registered is right.
    fn complete<'a>(
        &'a self,
        requests: &'a [CompleteRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>>;

    /// Gives claims up after a failure, each only if its lease still holds the row.
    fn release<'a>(&'a self, leases: &'a [Lease], time_left: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>>;

    /// Notes that handlers were stopped in mid-run, each only if its lease still holds the row: the lease stays until its end, and the
    /// attempt is no hint of a crash any more. A hint only, so that a store may leave it out.
    fn cancel<'a>(&'a self, leases: &'a [Lease], time_left: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        let _ = time_left;
        Box::pin(ready(leases.iter().map(|_| HeldAnswer::Written).collect()))
    }

    /// Remembers rejections, each only if its lease still holds the row.
    fn fail<'a>(&'a self, requests: &'a [FailRequest], time_left: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>>;

    /// Moves the ends of leases, never back.
    fn renew<'a>(
        &'a self,
        requests: &'a [RenewRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<RenewAnswer>>;

    /// Records successes that no claim preceded, under the condition of a claim.
    fn mark<'a>(
        &'a self,
        requests: &'a [MarkRequest],
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>>;

    /// Says what is stored, and sees every write that was answered before it was asked.
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time_left: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>>;

    /// Turns a remembered rejection into a released row, by hand. `true` if there was one.
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Makes ready what the first request would wait for, such as credentials and a connection. By default there is nothing to do.
    fn warm(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    /// Whether [`transact`](Self::transact) is more than a refusal.
    fn transacts(&self) -> bool {
        false
    }

    /// Whether requests of one call cost less than each by itself: then successes that end while others are recorded wait a moment to go
    /// together.
    fn travels_together(&self) -> bool {
        false
    }

    /// Records one success together with writes of the handler, under the condition of its completion or mark: all of it, or
    /// nothing. Refused where the store knows no transactions.
    fn transact<'a>(
        &'a self,
        request: &'a TransactRequest,
        time_left: Option<Duration>,
    ) -> BoxFuture<'a, TransactAnswer> {
        let _ = (request, time_left);
        let error = StoreError::new("this store cannot commit a handler's writes");
        Box::pin(ready(TransactAnswer::NotWritten(error)))
    }
}

/// A store that several consumers share.
impl<S: IdempotencyStore + ?Sized> IdempotencyStore for Arc<S> {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        (**self).claim(requests, time)
    }
    fn complete<'a>(
        &'a self,
        all: &'a [CompleteRequest],
        time: Option<Duration>,
    ) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        (**self).complete(all, time)
    }
    fn release<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        (**self).release(leases, time)
    }
    fn cancel<'a>(&'a self, leases: &'a [Lease], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        (**self).cancel(leases, time)
    }
    fn fail<'a>(&'a self, requests: &'a [FailRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        (**self).fail(requests, time)
    }
    fn renew<'a>(&'a self, requests: &'a [RenewRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        (**self).renew(requests, time)
    }
    fn mark<'a>(&'a self, requests: &'a [MarkRequest], time: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        (**self).mark(requests, time)
    }
    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], time: Option<Duration>) -> BoxFuture<'a, Vec<ReadAnswer>> {
        (**self).read(keys, time)
    }
    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).forget(key)
    }
    fn warm(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        (**self).warm()
    }
    fn travels_together(&self) -> bool {
        (**self).travels_together()
    }
    fn transacts(&self) -> bool {
        (**self).transacts()
    }
    fn transact<'a>(&'a self, request: &'a TransactRequest, time: Option<Duration>) -> BoxFuture<'a, TransactAnswer> {
        (**self).transact(request, time)
    }
}
