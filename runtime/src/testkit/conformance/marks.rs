//! Marks: successes that no claim preceded.

use super::subject::{RETENTION, SKEW, Subject, claim, complete, granted, one, promise, release};
use crate::{
    claim::{ClaimAnswer, CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore, MarkRequest, StoredResult},
    testkit::ManualClock,
};

/// A mark records a success without a claim, and never over another's living lease.
pub async fn a_mark_is_a_success_and_respects_a_living_lease(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let mark = async |owner, payload| one(store.mark(&[MarkRequest::new(subject.request(owner, payload))], None).await);
    promise!(mark(1, "a").await, CompleteAnswer::Committed, "a free key is marked");
    promise!(mark(1, "a").await, CompleteAnswer::Committed, "one's own mark is recognised");
    promise!(mark(2, "a").await, CompleteAnswer::CompletedElsewhere, "another's mark is a replay");
    promise!(mark(2, "b").await, CompleteAnswer::KeyConflict, "another payload is a conflict");
    let answer = claim(store, subject.request(3, "a")).await;
    promise!(answer, ClaimAnswer::Completed { .. }, "a mark is a success for a claim");

    let held = Subject::new(clock);
    granted(store, held.request(1, "a")).await;
    let answer = one(store.mark(&[MarkRequest::new(held.request(2, "a"))], None).await);
    promise!(answer, CompleteAnswer::LeaseLost, "a living lease is not marked over");
    held.end_lease();
    let answer = one(store.mark(&[MarkRequest::new(held.request(2, "a"))], None).await);
    promise!(answer, CompleteAnswer::Committed, "a lease that is over is marked over");
}

/// A mark keeps a result as a completion does, and may take what a claim may take.
pub async fn a_mark_keeps_its_result_and_takes_over_what_a_claim_would(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    promise!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    let mark = MarkRequest::new(subject.request(2, "a")).result(StoredResult::Kept("[1]".into()));
    promise!(one(store.mark(&[mark], None).await), CompleteAnswer::Committed, "a released row is marked");
    let answer = claim(store, subject.request(3, "a")).await;
    promise!(answer, ClaimAnswer::Completed { result } if result.json() == Some("[1]"), "a replay returns the mark's result");
    promise!(
        complete(store, subject.completion(&lease)).await,
        CompleteAnswer::CompletedElsewhere,
        "the lease that was released cannot complete over a mark"
    );

    clock.advance(RETENTION + SKEW);
    let mark = MarkRequest::new(subject.request(4, "b"));
    promise!(one(store.mark(&[mark], None).await), CompleteAnswer::Committed, "an expired row is marked");
    let answer = claim(store, subject.request(5, "b")).await;
    promise!(answer, ClaimAnswer::Completed { result: StoredResult::Nothing }, "nothing is left of the older result");
}

/// What was rejected for good is not marked as done by the same version.
pub async fn a_mark_respects_a_remembered_rejection(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a").version("7")).await;
    let request = FailRequest::new(lease, "7", "declined");
    promise!(one(store.fail(&[request], None).await), HeldAnswer::Written, "a held lease is rejected");
    let same = MarkRequest::new(subject.request(2, "a").version("7"));
    promise!(one(store.mark(&[same], None).await), CompleteAnswer::LeaseLost, "the same version does not mark it");
    let later = MarkRequest::new(subject.request(3, "a").version("8"));
    promise!(one(store.mark(&[later], None).await), CompleteAnswer::Committed, "another version does");
}
