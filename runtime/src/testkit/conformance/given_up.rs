//! Releases and rejections.

use super::subject::{Subject, claim, complete, granted, one, promise, release};
use crate::{
    claim::{ClaimAnswer, CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore},
    testkit::ManualClock,
};

/// After a release the next attempt need not wait.
pub async fn a_release_frees_the_key_at_once(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    promise!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    granted(store, subject.request(2, "b")).await;
}

/// Whoever lost its lease releases nothing of the winner's.
pub async fn a_release_after_a_takeover_changes_nothing(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let winner = granted(store, subject.request(2, "a")).await;
    promise!(release(store, &loser).await, HeldAnswer::LeaseLost, "a loser releases nothing");
    promise!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner holds on");
}

/// A copy of a claim that comes after its own release does not put the key in progress again.
pub async fn a_late_copy_of_a_released_claim_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let request = subject.request(1, "a");
    let lease = granted(store, request.clone()).await;
    promise!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    match claim(store, request).await {
        ClaimAnswer::Acquired(_) => panic!("a late copy of a released claim was granted"),
        _ => granted(store, subject.request(2, "a")).await,
    };
}

/// A rejection is remembered for this payload under this version; a deployment or another payload may try.
pub async fn a_rejection_blocks_its_payload_and_version_only(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let request = |subject: &Subject<'_>, owner, payload: &str, version: Option<&str>| match version {
        Some(version) => subject.request(owner, payload).version(version),
        None => subject.request(owner, payload),
    };
    for (payload, version, is_blocked) in
        [("a", Some("7"), true), ("a", Some("8"), false), ("b", Some("7"), false), ("a", None, false)]
    {
        let subject = Subject::new(clock);
        let lease = granted(store, request(&subject, 1, "a", Some("7"))).await;
        let failed = store.fail(&[FailRequest::new(lease, "7", "declined")], None).await;
        promise!(one(failed), HeldAnswer::Written, "a held lease is rejected");
        match (claim(store, request(&subject, 2, payload, version)).await, is_blocked) {
            (ClaimAnswer::RejectedBefore { error: Some(error) }, true) if &*error == "declined" => {}
            (ClaimAnswer::Acquired(_), false) => {}
            (other, _) => panic!("payload {payload}, version {version:?}, blocked: {is_blocked}, got {other:?}"),
        }
    }
}

/// Whoever lost its lease rejects nothing.
pub async fn a_rejection_after_a_takeover_changes_nothing(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let winner = granted(store, subject.request(2, "a")).await;
    let failed = store.fail(&[FailRequest::new(loser, "1", "late")], None).await;
    promise!(one(failed), HeldAnswer::LeaseLost, "a loser rejects nothing");
    promise!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner holds on");
}

/// A rejection can be taken back by hand; a claim and a success cannot.
pub async fn a_rejection_can_be_forgotten_and_nothing_else_can(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let forget = async || match store.forget(&subject.key).await {
        Ok(forgotten) => forgotten,
        Err(error) => panic!("forgetting failed: {error}"),
    };
    assert!(!forget().await, "nothing was there to forget");
    let lease = granted(store, subject.request(1, "a").version("7")).await;
    assert!(!forget().await, "a claim is not forgotten");
    let failed = store.fail(&[FailRequest::new(lease, "7", "declined")], None).await;
    promise!(one(failed), HeldAnswer::Written, "a held lease is rejected");
    assert!(forget().await, "a rejection is forgotten");
    let lease = granted(store, subject.request(2, "a").version("7")).await;
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    assert!(!forget().await, "a success is not forgotten");
}

/// A handler that was stopped holds its lease until its end, and was heard of. A store may leave the note out, but not the lease.
pub async fn a_cancellation_leaves_the_lease_and_is_no_hint_of_a_crash(
    store: &dyn IdempotencyStore,
    clock: &ManualClock,
) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    one(store.cancel(std::slice::from_ref(&lease), None).await);
    let answer = claim(store, subject.request(2, "a")).await;
    promise!(answer, ClaimAnswer::InProgress { .. }, "the lease of a handler that was stopped stays");
    let attempts = subject.row(store).await.attempts;
    if attempts > 1 {
        panic!("a cancellation counts attempts: {attempts}");
    }
    subject.end_lease();
    let winner = granted(store, subject.request(3, "a")).await;
    promise!(
        one(store.cancel(std::slice::from_ref(&lease), None).await),
        HeldAnswer::LeaseLost | HeldAnswer::Written,
        "a late cancellation is answered"
    );
    let row = subject.row(store).await;
    if row.attempts != winner.attempts() {
        panic!("a late cancellation changes the row of another: {row:?}");
    }
}
