//! Many elements in a call: whether a store sends them one by one or together, each has its own answer and leaves its own row.

use super::subject::{Subject, claim, complete, granted, promise, release};
use crate::{
    claim::{
        ClaimAnswer, CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore, Lease, ReadAnswer, RowState, RowStatus,
        StoredResult,
    },
    testkit::ManualClock,
};

/// More than any store sends together.
const MANY: usize = 30;

fn subjects(clock: &ManualClock) -> Vec<Subject<'_>> {
    (0..MANY).map(|_| Subject::new(clock)).collect()
}

/// Claims all of them in one call; each must be granted.
async fn all_granted(store: &dyn IdempotencyStore, subjects: &[Subject<'_>]) -> Vec<Lease> {
    let requests: Vec<_> = subjects.iter().map(|subject| subject.request(1, "a").version("v1")).collect();
    let answers = store.claim(&requests, None).await;
    promise!(answers.len(), MANY, "one answer for each");
    let lease = |answer| match answer {
        ClaimAnswer::Acquired(lease) => lease,
        other => panic!("a free key must be granted, got {other:?}"),
    };
    answers.into_iter().map(lease).collect()
}

async fn rows(store: &dyn IdempotencyStore, subjects: &[Subject<'_>]) -> Vec<RowState> {
    let keys: Vec<_> = subjects.iter().map(|subject| subject.key.clone()).collect();
    let row = |answer| match answer {
        ReadAnswer::Row(row) => row,
        other => panic!("a row that was written is not read: {other:?}"),
    };
    store.read(&keys, None).await.into_iter().map(row).collect()
}

/// Free, held, done and released keys in one call of claims: each is answered in its place, and those that are granted have leases that
/// hold.
pub async fn many_claims_in_a_call_are_each_answered_in_their_place(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subjects = subjects(clock);
    for (place, subject) in subjects.iter().enumerate() {
        match place % 4 {
            1 => drop(granted(store, subject.request(2, "a")).await),
            2 => {
                let lease = granted(store, subject.request(2, "a")).await;
                complete(store, subject.completion(&lease)).await;
            }
            3 => {
                let lease = granted(store, subject.request(2, "a")).await;
                release(store, &lease).await;
            }
            _ => {}
        }
    }
    let requests: Vec<_> = subjects.iter().map(|subject| subject.request(1, "a")).collect();
    let answers = store.claim(&requests, None).await;
    promise!(answers.len(), MANY, "one answer for each");
    for (place, (answer, subject)) in answers.into_iter().zip(&subjects).enumerate() {
        match (place % 4, answer) {
            (0 | 3, ClaimAnswer::Acquired(lease)) => {
                let answer = complete(store, subject.completion(&lease)).await;
                promise!(answer, CompleteAnswer::Committed, "a lease that was granted holds");
            }
            (1, ClaimAnswer::InProgress { .. }) | (2, ClaimAnswer::Completed { .. }) => {}
            (kind, other) => panic!("a claim of kind {kind} in a call of many got {other:?}"),
        }
    }
}

/// A claim that is made among many leaves what it leaves by itself, and is recognised as one's own when it is sent again.
pub async fn a_claim_among_many_leaves_the_row_of_a_claim(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let (subjects, alone) = (subjects(clock), Subject::new(clock));
    let leases = all_granted(store, &subjects).await;
    let single = granted(store, alone.request(1, "a").version("v1")).await;
    let expected = alone.row(store).await;
    for (row, lease) in rows(store, &subjects).await.into_iter().zip(&leases) {
        promise!(row == expected, true, "the same row as of a claim by itself");
        promise!(lease.fencing_token() == single.fencing_token(), true, "the fence begins at the clock");
    }
    for (subject, lease) in subjects.iter().zip(&leases) {
        let again = claim(store, subject.request(1, "a").version("v1")).await;
        promise!(again, ClaimAnswer::Acquired(same) if same.fencing_token() == lease.fencing_token(), "one's own claim");
    }
}

/// Completions in one call, some of leases that are lost and some with results.
pub async fn many_completions_in_a_call_are_each_their_own(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subjects = subjects(clock);
    let leases = all_granted(store, &subjects).await;
    for lease in leases.iter().skip(1).step_by(3) {
        promise!(release(store, lease).await, HeldAnswer::Written, "a held lease is released");
    }
    let kept = || StoredResult::Kept("{\"n\":1}".into());
    let completions: Vec<_> = subjects
        .iter()
        .zip(&leases)
        .enumerate()
        .map(|(place, (subject, lease))| {
            let completion = subject.completion(lease);
            if place % 3 == 2 { completion.result(kept()) } else { completion }
        })
        .collect();
    let answers = store.complete(&completions, None).await;
    promise!(answers.len(), MANY, "one answer for each");
    let rows = rows(store, &subjects).await;
    for (place, (answer, row)) in answers.into_iter().zip(rows).enumerate() {
        match (place % 3, answer, row.status) {
            (0, CompleteAnswer::Committed, RowStatus::Completed { result: StoredResult::Nothing })
            | (1, CompleteAnswer::LeaseLost, RowStatus::Released) => {}
            (2, CompleteAnswer::Committed, RowStatus::Completed { result }) if result == kept() => {}
            (kind, answer, status) => panic!("a completion of kind {kind} got {answer:?} and left {status:?}"),
        }
    }
    // Sent once more, as after a lost answer.
    let again = store.complete(&completions, None).await;
    for (_, answer) in again.into_iter().enumerate().filter(|(place, _)| place % 3 != 1) {
        promise!(answer, CompleteAnswer::Committed, "one's own completion is recognised");
    }
}

/// Releases and rejections in one call each leave what they leave by themselves.
pub async fn many_are_given_up_in_a_call_as_one_is(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subjects = subjects(clock);
    let leases = all_granted(store, &subjects).await;
    let (released, rejected) = leases.split_at(MANY / 2);
    for answer in store.release(released, None).await {
        promise!(answer, HeldAnswer::Written, "a held lease is released");
    }
    let failures: Vec<_> = rejected.iter().map(|lease| FailRequest::new(lease.clone(), "v1", "wrong")).collect();
    for answer in store.fail(&failures, None).await {
        promise!(answer, HeldAnswer::Written, "a held lease is rejected");
    }
    let requests: Vec<_> = subjects.iter().map(|subject| subject.request(2, "a").version("v1")).collect();
    for (place, answer) in store.claim(&requests, None).await.into_iter().enumerate() {
        match answer {
            ClaimAnswer::Acquired(_) if place < MANY / 2 => {}
            ClaimAnswer::RejectedBefore { error } if place >= MANY / 2 && error.as_deref() == Some("wrong") => {}
            other => panic!("the claim of what was given up, at {place}, got {other:?}"),
        }
    }
    for answer in store.release(released, None).await {
        promise!(answer, HeldAnswer::LeaseLost, "a lease that is over gives nothing up");
    }
}
