//! Stores that commit a handler's writes: DynamoDB, one over memory, and that one with one thing wrong.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use sqs_runtime::{
    claim::{
        CompleteAnswer, IdempotencyStore, MemoryStore, ReadAnswer, RowStatus, StoreError, Success, TransactAnswer,
        TransactRequest, Writes,
        dynamodb::{DynamoDbStore, Table},
    },
    outcome::{Outcome, Reason, ReasonClass},
    testkit::{
        ManualClock,
        conformance::transactions::{self, Counters},
    },
};

use super::{create_table, dynamodb};
use crate::in_tables::InTables;

#[tokio::test]
async fn dynamodb_commits_writes_as_promised() {
    let (client, clock) = (dynamodb().await, ManualClock::new());
    create_table(&client, "idempotency", &["id"]).await;
    let store = DynamoDbStore::new(client.clone(), Table::new("idempotency")).clock(clock.clone());
    transactions::all(&InTables::new(client, store).await, &clock).await;
}

/// What may be wrong with a store that transacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slip {
    None,
    SaysNothing,
    WritesFirst,
    WritesAgain,
    WritesNothing,
    LooksAtNoCondition,
    RecordsWhatWasRefused,
    RecordsForeignWrites,
}

/// The writes of the store below.
#[derive(Clone)]
struct Add {
    counter: String,
    holds: bool,
}

/// Counters in memory. Nothing waits, so that nothing comes in between.
struct InMemory {
    store: MemoryStore,
    counters: Mutex<BTreeMap<String, u64>>,
    slip: Slip,
}

impl InMemory {
    fn new(clock: &ManualClock, slip: Slip) -> Self {
        Self { store: MemoryStore::new(clock.clone()), counters: Mutex::default(), slip }
    }

    fn add(&self, counter: &str) {
        *self.counters.lock().expect("no panic").entry(counter.to_owned()).or_default() += 1;
    }

    async fn record(&self, success: &Success) -> CompleteAnswer {
        let answers = match success {
            Success::Complete(request) => self.store.complete(std::slice::from_ref(request), None).await,
            Success::Mark(request) => self.store.mark(std::slice::from_ref(request), None).await,
            _ => panic!("another way to record a success"),
        };
        answers.into_iter().next().expect("an answer")
    }

    async fn is_done(&self, success: &Success) -> bool {
        let key = match success {
            Success::Complete(request) => request.lease.key(),
            Success::Mark(request) => &request.claim.key,
            _ => panic!("another way to record a success"),
        };
        let read = self.store.read(std::slice::from_ref(key), None).await;
        matches!(&read[..], [ReadAnswer::Row(row)] if matches!(row.status, RowStatus::Completed { .. }))
    }

    async fn transact_one(&self, TransactRequest { success, writes, .. }: &TransactRequest) -> TransactAnswer {
        let Some(add) = writes.downcast::<Add>() else {
            if self.slip == Slip::RecordsForeignWrites {
                return TransactAnswer::Decided(self.record(success).await);
            }
            return TransactAnswer::NotWritten(StoreError::new("not the writes of this store"));
        };
        if !add.holds && self.slip != Slip::LooksAtNoCondition {
            if self.slip == Slip::RecordsWhatWasRefused {
                self.record(success).await;
            }
            return TransactAnswer::ConditionRefused(Outcome::Retry(Reason::new(ReasonClass::ConditionRefused)));
        }
        if self.slip == Slip::WritesFirst {
            self.add(&add.counter);
        }
        let was_done = self.is_done(success).await && self.slip != Slip::WritesAgain;
        let answer = self.record(success).await;
        let writes = !matches!(self.slip, Slip::WritesFirst | Slip::WritesNothing);
        if writes && !was_done && matches!(answer, CompleteAnswer::Committed) {
            self.add(&add.counter);
        }
        TransactAnswer::Decided(answer)
    }
}

impl IdempotencyStore for InMemory {
    crate::as_store::as_its_store!(claim, complete, release, fail, renew, mark, read, forget);

    fn transacts(&self) -> bool {
        self.slip != Slip::SaysNothing
    }

    fn transact<'a>(&'a self, request: &'a TransactRequest, _: Option<Duration>) -> BoxFuture<'a, TransactAnswer> {
        Box::pin(self.transact_one(request))
    }
}

impl Counters for InMemory {
    fn store(&self) -> &dyn IdempotencyStore {
        self
    }

    fn adding_one(&self, name: &str) -> Writes {
        Writes::new(Arc::new(Add { counter: name.to_owned(), holds: true }))
    }

    fn adding_one_under_a_condition_that_does_not_hold(&self, name: &str) -> Writes {
        Writes::new(Arc::new(Add { counter: name.to_owned(), holds: false }))
    }

    fn count<'a>(&'a self, name: &'a str) -> BoxFuture<'a, u64> {
        let count = self.counters.lock().expect("no panic").get(name).copied();
        Box::pin(std::future::ready(count.unwrap_or_default()))
    }
}

async fn keeps_all(slip: Slip) -> bool {
    let clock = ManualClock::new();
    let counters = InMemory::new(&clock, slip);
    AssertUnwindSafe(transactions::all(&counters, &clock)).catch_unwind().await.is_ok()
}

#[tokio::test]
async fn every_slip_breaks_a_promise() {
    assert!(keeps_all(Slip::None).await);
    for slip in [
        Slip::SaysNothing,
        Slip::WritesFirst,
        Slip::WritesAgain,
        Slip::WritesNothing,
        Slip::LooksAtNoCondition,
        Slip::RecordsWhatWasRefused,
        Slip::RecordsForeignWrites,
    ] {
        assert!(!keeps_all(slip).await, "{slip:?} breaks no promise");
    }
}

/// What `all` runs is part of what a version promises.
#[test]
fn the_promises_of_transactions_are_those_of_this_version() {
    let names = [
        "a_store_that_commits_writes_says_so",
        "writes_are_there_once_with_their_success",
        "a_lost_lease_writes_nothing",
        "a_refused_condition_writes_nothing",
        "a_mark_with_writes_is_a_mark",
        "writes_of_another_store_are_refused",
    ];
    assert_eq!(transactions::NAMES, names);
}
