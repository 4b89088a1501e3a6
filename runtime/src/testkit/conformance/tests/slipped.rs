//! A store over the protocol's rules that may have one thing wrong.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};
use tokio::task::yield_now;

use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Lease, MarkRequest, ReadAnswer, RenewAnswer, RenewRequest, StoreError,
        protocol::{
            Found, Row, Write, cancel, held_answer, holds, mark, renew,
            rules::{Change, Rules},
        },
    },
    clock::{Clock, epoch_ms},
    testkit::ManualClock,
};

/// What is wrong with a store. By default nothing is.
#[derive(Clone, Copy)]
pub(super) struct Slip {
    pub(super) rules: Rules,
    pub(super) cancel: fn(Option<&Row>, &Lease) -> Change,
    /// The operation that looks at the row, lets others go first, and then writes what it thought right.
    pub(super) gap: Option<Operation>,
    pub(super) fault: Option<Fault>,
}

impl Default for Slip {
    fn default() -> Self {
        let cancel =
            |row: Option<&Row>, lease: &Lease| row.filter(|row| holds(Some(row), lease)).map(cancel::cancelled).into();
        Self { rules: Rules::default(), cancel, gap: None, fault: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Claim,
    Complete,
    Release,
    Cancel,
    Fail,
    Renew,
    Mark,
    Forget,
}

/// What is wrong around the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    AnswersOnce,
    AnswersBackwards,
    RefusesAllBehindARefusal,
    TakesTwentyFive,
    KeepsNoTime,
    ReadsNothing,
}

type Rows = HashMap<IdempotencyKey, Row>;
type Time = Option<Duration>;

pub(super) struct Slipped {
    clock: ManualClock,
    rows: Mutex<Rows>,
    slip: Slip,
}

impl Slipped {
    pub(super) fn new(clock: ManualClock, slip: Slip) -> Self {
        Self { clock, rows: Mutex::default(), slip }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        epoch_ms(self.clock.wall())
    }

    fn has(&self, fault: Fault) -> bool {
        self.slip.fault == Some(fault)
    }

    /// One conditional write. Without a gap nothing comes between the look and the write.
    async fn write(
        &self,
        operation: Operation,
        key: &IdempotencyKey,
        change: impl FnOnce(Option<&Row>) -> Change,
    ) -> Write<Row> {
        let row = self.rows().get(key).cloned();
        if self.slip.gap == Some(operation) {
            yield_now().await;
        }
        let change = change(row.as_ref());
        let found = row.map_or(Found::Nothing, Found::Row);
        match (change, found) {
            (Change::Put(next), _) => {
                self.rows().insert(key.clone(), next.clone());
                Write::Written(next)
            }
            (Change::Delete, Found::Row(row)) => {
                self.rows().remove(key);
                Write::Written(row)
            }
            (_, found) => Write::Refused(found),
        }
    }

    /// The rules of what is not a grant write no time.
    fn stamped(&self, change: Change) -> Change {
        match change {
            Change::Put(row) if !self.has(Fault::KeepsNoTime) => Change::Put(Row { since_ms: self.now_ms(), ..row }),
            change => change,
        }
    }

    async fn claim_one(&self, request: &ClaimRequest) -> ClaimAnswer {
        let (rules, now_ms) = (self.slip.rules, self.now_ms());
        let write = self.write(Operation::Claim, &request.key, |row| (rules.claim)(row, request, now_ms)).await;
        (rules.claim_answer)(write, request)
    }

    async fn complete_one(&self, request: &CompleteRequest) -> CompleteAnswer {
        let (rules, key) = (self.slip.rules, request.lease.key());
        let change = |row: Option<&Row>| self.stamped((rules.complete)(row, request));
        (rules.complete_answer)(&self.write(Operation::Complete, key, change).await, request)
    }

    async fn release_one(&self, lease: &Lease) -> HeldAnswer {
        let change = |row: Option<&Row>| self.stamped((self.slip.rules.release)(row, lease));
        held_answer(&self.write(Operation::Release, lease.key(), change).await)
    }

    async fn cancel_one(&self, lease: &Lease) -> HeldAnswer {
        held_answer(&self.write(Operation::Cancel, lease.key(), |row| (self.slip.cancel)(row, lease)).await)
    }

    async fn fail_one(&self, request: &FailRequest) -> HeldAnswer {
        let change = |row: Option<&Row>| self.stamped((self.slip.rules.fail)(row, request));
        held_answer(&self.write(Operation::Fail, request.lease.key(), change).await)
    }

    async fn renew_one(&self, RenewRequest { lease, until_ms }: &RenewRequest) -> RenewAnswer {
        let change = |row: Option<&Row>| (self.slip.rules.renew)(row, lease, *until_ms);
        renew::answer(&self.write(Operation::Renew, lease.key(), change).await, lease, *until_ms)
    }

    async fn mark_one(&self, request: &MarkRequest) -> CompleteAnswer {
        let now_ms = self.now_ms();
        let change = |row: Option<&Row>| (self.slip.rules.mark)(row, request, now_ms);
        mark::answer(&self.write(Operation::Mark, &request.claim.key, change).await, request)
    }

    /// Each element after the other.
    fn each<'a, T: Sync, A: Send + 'a>(
        &'a self,
        elements: &'a [T],
        one: impl Fn(&'a T) -> BoxFuture<'a, A> + Send + 'a,
    ) -> BoxFuture<'a, Vec<A>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for element in elements {
                answers.push(one(element).await);
            }
            self.told(answers)
        })
    }

    fn told<A>(&self, mut answers: Vec<A>) -> Vec<A> {
        match self.slip.fault {
            Some(Fault::AnswersOnce) => answers.truncate(1),
            Some(Fault::AnswersBackwards) => answers.reverse(),
            _ => {}
        }
        answers
    }

    /// What is wrong with a claim behind others of its call.
    fn unavailable(&self, place: usize, before: &[ClaimAnswer]) -> Option<ClaimAnswer> {
        let is_refused = |answer: &ClaimAnswer| !matches!(answer, ClaimAnswer::Acquired(_));
        let is_unavailable = match self.slip.fault {
            Some(Fault::TakesTwentyFive) => place >= 25,
            Some(Fault::RefusesAllBehindARefusal) => before.iter().any(is_refused),
            _ => false,
        };
        is_unavailable.then(|| ClaimAnswer::Unavailable(StoreError::new("not with the others")))
    }
}

impl IdempotencyStore for Slipped {
    fn claim<'a>(&'a self, all: &'a [ClaimRequest], _: Time) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for (place, request) in all.iter().enumerate() {
                let answer = match self.unavailable(place, &answers) {
                    Some(refused) => refused,
                    None => self.claim_one(request).await,
                };
                answers.push(answer);
            }
            self.told(answers)
        })
    }

    fn complete<'a>(&'a self, all: &'a [CompleteRequest], _: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.each(all, |request| Box::pin(self.complete_one(request)))
    }

    fn release<'a>(&'a self, all: &'a [Lease], _: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.each(all, |lease| Box::pin(self.release_one(lease)))
    }

    fn cancel<'a>(&'a self, all: &'a [Lease], _: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.each(all, |lease| Box::pin(self.cancel_one(lease)))
    }

    fn fail<'a>(&'a self, all: &'a [FailRequest], _: Time) -> BoxFuture<'a, Vec<HeldAnswer>> {
        self.each(all, |request| Box::pin(self.fail_one(request)))
    }

    fn renew<'a>(&'a self, all: &'a [RenewRequest], _: Time) -> BoxFuture<'a, Vec<RenewAnswer>> {
        self.each(all, |request| Box::pin(self.renew_one(request)))
    }

    fn mark<'a>(&'a self, all: &'a [MarkRequest], _: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.each(all, |request| Box::pin(self.mark_one(request)))
    }

    fn read<'a>(&'a self, keys: &'a [IdempotencyKey], _: Time) -> BoxFuture<'a, Vec<ReadAnswer>> {
        let read =
            |row: Row| if self.has(Fault::ReadsNothing) { ReadAnswer::Nothing } else { ReadAnswer::Row(row.into()) };
        let rows = self.rows();
        let answers = keys.iter().map(|key| rows.get(key).cloned().map_or(ReadAnswer::Nothing, read)).collect();
        Box::pin(ready(self.told(answers)))
    }

    fn forget<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let change = |row: Option<&Row>| self.stamped((self.slip.rules.forget)(row));
            Ok(matches!(self.write(Operation::Forget, key, change).await, Write::Written(_)))
        })
    }
}
