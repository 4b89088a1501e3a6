//! Completions: a success is recorded once and never undone.

use super::subject::{Subject, claim, complete, granted, one, promise, release};
use crate::{
    claim::{
        ClaimAnswer, CompleteAnswer, FailRequest, FencingToken, HeldAnswer, IdempotencyStore, Lease, ReadAnswer,
        StoredResult,
    },
    testkit::ManualClock,
};

/// A key that is done is answered with what its handler returned.
pub async fn a_success_is_a_replay_and_keeps_its_result(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    let completion = subject.completion(&lease).result(StoredResult::Kept("{\"n\":1}".into()));
    promise!(complete(store, completion.clone()).await, CompleteAnswer::Committed, "a held lease is completed");
    promise!(complete(store, completion).await, CompleteAnswer::Committed, "one's own completion is recognised");
    let answer = claim(store, subject.request(2, "a")).await;
    promise!(answer, ClaimAnswer::Completed { result } if result.json() == Some("{\"n\":1}"),
        "a replay returns the stored bytes unchanged");
}

/// Another payload under a key that is done is no repetition.
pub async fn a_success_with_another_payload_is_a_conflict(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    let answer = claim(store, subject.request(2, "b")).await;
    promise!(answer, ClaimAnswer::KeyConflict, "another payload is a conflict");
}

/// Neither its own owner nor anybody else changes a row that is done.
pub async fn a_success_is_never_undone(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    promise!(release(store, &lease).await, HeldAnswer::LeaseLost, "a success is not released");
    let failed = store.fail(&[FailRequest::new(lease.clone(), "1", "late")], None).await;
    promise!(one(failed), HeldAnswer::LeaseLost, "a success is not rejected");
    subject.end_lease();
    let answer = claim(store, subject.request(2, "a")).await;
    promise!(answer, ClaimAnswer::Completed { .. }, "a success stays, also after its lease");
}

/// Whoever lost its lease to another records nothing.
pub async fn a_completion_after_a_takeover_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let winner = granted(store, subject.request(2, "a")).await;
    promise!(complete(store, subject.completion(&loser)).await, CompleteAnswer::LeaseLost, "a loser records nothing");
    promise!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner records");
}

/// What was never claimed, or is forgotten, is not done by saying so.
pub async fn a_completion_of_what_has_no_row_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let request = subject.request(1, "a");
    let lease = Lease::granted(&request, FencingToken(1), 1, request.lease_expires_at_ms);
    promise!(
        complete(store, subject.completion(&lease)).await,
        CompleteAnswer::LeaseLost,
        "there is no row to complete"
    );
    promise!(release(store, &lease).await, HeldAnswer::LeaseLost, "there is no row to release");
    promise!(subject.read(store).await, ReadAnswer::Nothing, "what was refused leaves no row");
}

/// A completion after the lease's end is right as long as nobody took over.
pub async fn a_late_completion_of_the_registered_owner_is_right(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let answer = complete(store, subject.completion(&lease)).await;
    promise!(answer, CompleteAnswer::Committed, "no clock decides over a completion");
}

/// Where another attempt recorded first, the payload decides whether that is the same success.
pub async fn a_completion_of_another_ones_success_is_a_replay_or_a_conflict(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    for (payload, is_same) in [("a", true), ("b", false)] {
        let subject = Subject::new(clock);
        let loser = granted(store, subject.request(1, "a")).await;
        subject.end_lease();
        let winner = granted(store, subject.request(2, payload)).await;
        promise!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner records");
        match (complete(store, subject.completion(&loser)).await, is_same) {
            (CompleteAnswer::CompletedElsewhere, true) | (CompleteAnswer::KeyConflict, false) => {}
            (other, _) => panic!("another's success with the same payload: {is_same}, got {other:?}"),
        }
    }
}

/// A result that was too large is no result, and no silence either.
pub async fn a_result_that_could_not_be_kept_leaves_a_note(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    let completion = subject.completion(&lease).result(StoredResult::Omitted);
    promise!(complete(store, completion).await, CompleteAnswer::Committed, "a held lease is completed");
    let answer = claim(store, subject.request(2, "a")).await;
    promise!(
        answer,
        ClaimAnswer::Completed { result: StoredResult::Omitted },
        "the replay says that there was a result"
    );
}
