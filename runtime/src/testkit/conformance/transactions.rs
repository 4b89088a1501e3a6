//! What a store must do that [commits a handler's writes](crate::claim::IdempotencyStore::transact): one function for each promise.
//!
//! A store of your own runs all of them with [`all`], in a test, on a [`Counters`] that says what its writes are. Stores that refuse
//! transactions have nothing to show here. What a new version may add, [the suite for stores](super#what-a-new-version-may-add) says.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "every function here says what is wrong by panicking")]

use futures_util::future::BoxFuture;

use super::subject::{Subject, claim, complete, granted, promise};
use crate::{
    claim::{
        ClaimAnswer, CompleteAnswer, IdempotencyStore, MarkRequest, RowStatus, StoredResult, Success, TransactAnswer,
        TransactRequest, Writes,
    },
    testkit::ManualClock,
};

macro_rules! promises {
    ($($name:ident),*) => {
        /// Runs every function of this module.
        ///
        /// # Panics
        ///
        /// If the store breaks a promise; the message says which.
        pub async fn all(counters: &impl Counters, clock: &ManualClock) {
            $(super::subject::named(stringify!($name), $name(counters, clock)).await;)*
        }

        /// The names of all promises.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

promises! { a_store_that_commits_writes_says_so, writes_are_there_once_with_their_success, a_lost_lease_writes_nothing, a_refused_condition_writes_nothing, a_mark_with_writes_is_a_mark, writes_of_another_store_are_refused }

/// Something to write beside the store's rows: counters, each with a name.
///
/// Yours to implement: what a later version adds here has a default.
pub trait Counters: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn IdempotencyStore;

    /// Writes that add 1 to the counter, and fail for nothing.
    fn adding_one(&self, name: &str) -> Writes;

    /// The same beside a write whose condition never holds.
    fn adding_one_under_a_condition_that_does_not_hold(&self, name: &str) -> Writes;

    /// How often 1 was added to the counter.
    fn count<'a>(&'a self, name: &'a str) -> BoxFuture<'a, u64>;
}

async fn transact(counters: &impl Counters, success: Success, writes: Writes) -> TransactAnswer {
    counters.store().transact(&TransactRequest::new(success, writes), None).await
}

async fn counted(counters: &impl Counters, subject: &Subject<'_>, expected: u64, what: &str) {
    let count = counters.count(subject.key.as_str()).await;
    assert_eq!(count, expected, "{what}");
}

/// The store says that it commits writes: else no handler would be given a transaction.
pub async fn a_store_that_commits_writes_says_so(counters: &impl Counters, _: &ManualClock) {
    assert!(counters.store().transacts(), "a store that transacts says so");
}

/// The writes are there with the success, and once, also when the request is sent again.
pub async fn writes_are_there_once_with_their_success(counters: &impl Counters, clock: &ManualClock) {
    let (store, subject) = (counters.store(), Subject::new(clock));
    let lease = granted(store, subject.request(1, "a")).await;
    let completion = subject.completion(&lease).result(StoredResult::Kept("[1]".into()));
    let request = TransactRequest::new(Success::Complete(completion), counters.adding_one(subject.key.as_str()));
    for _ in 0..2 {
        let answer = store.transact(&request, None).await;
        promise!(
            answer,
            TransactAnswer::Decided(CompleteAnswer::Committed),
            "a held lease is completed with its writes"
        );
        counted(counters, &subject, 1, "its writes are there once").await;
    }
    let answer = claim(store, subject.request(2, "a")).await;
    promise!(answer, ClaimAnswer::Completed { result } if result.json() == Some("[1]"), "and it is done");
}

/// Whoever lost its lease writes nothing.
pub async fn a_lost_lease_writes_nothing(counters: &impl Counters, clock: &ManualClock) {
    let (store, subject) = (counters.store(), Subject::new(clock));
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let winner = granted(store, subject.request(2, "a")).await;
    for (lease, expected) in [(&loser, 0), (&winner, 1)] {
        let success = Success::Complete(subject.completion(lease));
        match (transact(counters, success, counters.adding_one(subject.key.as_str())).await, expected) {
            (TransactAnswer::Decided(CompleteAnswer::LeaseLost), 0)
            | (TransactAnswer::Decided(CompleteAnswer::Committed), 1) => {}
            (other, _) => panic!("a transaction of the loser and then of the winner got {other:?}"),
        }
        counted(counters, &subject, expected, "a lost lease writes nothing, the winner's once").await;
    }
}

/// Where a condition of the writes does not hold nothing is written, the success neither, and the lease is still held.
pub async fn a_refused_condition_writes_nothing(counters: &impl Counters, clock: &ManualClock) {
    let (store, subject) = (counters.store(), Subject::new(clock));
    let lease = granted(store, subject.request(1, "a")).await;
    let writes = counters.adding_one_under_a_condition_that_does_not_hold(subject.key.as_str());
    let answer = transact(counters, Success::Complete(subject.completion(&lease)), writes).await;
    promise!(answer, TransactAnswer::ConditionRefused(_), "a condition that does not hold is said");
    counted(counters, &subject, 0, "nothing is written beside a condition that does not hold").await;
    promise!(subject.row(store).await.status, RowStatus::InProgress { .. }, "no success is recorded");
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "the lease is still held");
}

/// A mark with writes is one, under a claim's condition.
pub async fn a_mark_with_writes_is_a_mark(counters: &impl Counters, clock: &ManualClock) {
    let (store, subject) = (counters.store(), Subject::new(clock));
    granted(store, subject.request(1, "a")).await;
    let mark = |owner| Success::Mark(MarkRequest::new(subject.request(owner, "a")));
    let answer = transact(counters, mark(2), counters.adding_one(subject.key.as_str())).await;
    promise!(answer, TransactAnswer::Decided(CompleteAnswer::LeaseLost), "a living lease is not marked over");
    counted(counters, &subject, 0, "a mark that is refused writes nothing").await;
    subject.end_lease();
    let answer = transact(counters, mark(3), counters.adding_one(subject.key.as_str())).await;
    promise!(answer, TransactAnswer::Decided(CompleteAnswer::Committed), "a lease that is over is marked over");
    let answer = transact(counters, mark(4), counters.adding_one(subject.key.as_str())).await;
    promise!(answer, TransactAnswer::Decided(CompleteAnswer::CompletedElsewhere), "another's mark is a replay");
    counted(counters, &subject, 1, "the writes of one mark are there").await;
}

/// Writes of another store are refused, and nothing is recorded.
pub async fn writes_of_another_store_are_refused(counters: &impl Counters, clock: &ManualClock) {
    /// No store has this type.
    #[derive(Clone)]
    struct Foreign;
    let (store, subject) = (counters.store(), Subject::new(clock));
    let lease = granted(store, subject.request(1, "a")).await;
    let writes = Writes::new(std::sync::Arc::new(Foreign));
    let answer = transact(counters, Success::Complete(subject.completion(&lease)), writes).await;
    promise!(answer, TransactAnswer::NotWritten(_), "writes of another store are refused");
    promise!(subject.row(store).await.status, RowStatus::InProgress { .. }, "no success is recorded");
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "the lease is still held");
}
