//! Claims, and reads that see them.

use std::time::Duration;

use super::subject::{LEASE, RETENTION, SKEW, Subject, claim, complete, granted, one, promise, release};
use crate::{
    claim::{
        ClaimAnswer, CompleteAnswer, FailRequest, HeldAnswer, IdempotencyStore, ReadAnswer, RowStatus, StoredResult,
    },
    clock::{Clock, epoch_ms},
    testkit::ManualClock,
};

/// A key that nobody holds is granted, with the lease that was asked for.
pub async fn a_free_key_is_granted(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let request = subject.request(1, "a");
    let lease = granted(store, request.clone()).await;
    assert_eq!((lease.key(), lease.owner()), (&subject.key, request.owner));
    assert_eq!((lease.expires_at_ms(), lease.attempts()), (request.lease_expires_at_ms, 1));
}

/// A key that another holds is refused, whatever the payload, and says until when.
pub async fn a_held_key_is_refused_with_the_end_of_its_lease(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    for payload in ["a", "b"] {
        let answer = claim(store, subject.request(2, payload)).await;
        promise!(answer, ClaimAnswer::InProgress { lease_expires_at_ms } if lease_expires_at_ms == lease.expires_at_ms(),
            "a held key is in progress until its lease ends");
    }
}

/// The same request once more, as after a lost reply, is granted the same lease.
pub async fn ones_own_write_is_recognised(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let request = subject.request(1, "a");
    let first = granted(store, request.clone()).await;
    assert_eq!(granted(store, request).await, first, "one's own claim is granted again, unchanged");
}

/// A lease is not taken over at its end, but once the clocks' skew has passed too.
pub async fn a_lease_is_taken_over_after_its_end_and_the_skew(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    granted(store, subject.request(1, "a")).await;
    clock.advance(LEASE);
    let at_the_end = claim(store, subject.request(2, "a")).await;
    promise!(at_the_end, ClaimAnswer::InProgress { .. }, "a lease is not taken over at its end");
    clock.advance(Duration::from_millis(900));
    let within = claim(store, subject.request(3, "a")).await;
    promise!(within, ClaimAnswer::InProgress { .. }, "a lease is not taken over within the skew of a second");
    clock.advance(SKEW);
    granted(store, subject.request(4, "a")).await;
}

/// Fencing tokens grow with every grant, over takeovers, releases and expiry.
pub async fn fences_grow_with_every_grant(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let first = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let second = granted(store, subject.request(2, "a")).await;
    promise!(release(store, &second).await, HeldAnswer::Written, "a held lease is released");
    let third = granted(store, subject.request(3, "a")).await;
    clock.advance(RETENTION + LEASE);
    let fourth = granted(store, subject.request(4, "a")).await;
    let fences = [first, second, third, fourth].map(|lease| lease.fencing_token());
    assert!(fences.is_sorted_by(|a, b| a < b), "fences must grow: {fences:?}");
}

/// Attempts count grants that ended neither in a release nor in a success.
pub async fn attempts_count_what_ended_neither_way(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    for attempt in 1..=3 {
        let lease = granted(store, subject.request(attempt.into(), "a")).await;
        assert_eq!(lease.attempts(), attempt, "a crash leaves its attempt behind");
        subject.end_lease();
    }
    let lease = granted(store, subject.request(4, "a")).await;
    promise!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    assert_eq!(granted(store, subject.request(5, "a")).await.attempts(), 1, "a release begins anew");
}

/// What is past its retention is free, although the store may not have deleted it yet.
pub async fn an_expired_row_is_free_whatever_it_says(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    clock.advance(RETENTION + SKEW);
    granted(store, subject.request(2, "b")).await;
}

/// What travels together is answered one by one, in order; a refused element does not touch the others.
pub async fn each_element_of_a_call_has_its_own_answer(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subjects: Vec<_> = (0..5).map(|_| Subject::new(clock)).collect();
    let held = granted(store, subjects.first().map_or_else(|| panic!("five"), |s| s.request(9, "a"))).await;
    let requests: Vec<_> = subjects.iter().map(|subject| subject.request(1, "a")).collect();
    let answers = store.claim(&requests, None).await;
    assert_eq!(answers.len(), requests.len(), "one answer for each element");
    let leases: Vec<_> = answers
        .into_iter()
        .zip(&subjects)
        .filter_map(|(answer, subject)| match answer {
            ClaimAnswer::Acquired(lease) if *lease.key() == subject.key => Some(lease),
            ClaimAnswer::InProgress { .. } if subject.key == *held.key() => None,
            other => panic!("the answers are out of order: {other:?}"),
        })
        .collect();
    assert_eq!(leases.len(), 4, "the free keys are granted");
    let completions: Vec<_> = leases.iter().zip(&subjects).map(|(lease, subject)| subject.completion(lease)).collect();
    for answer in store.complete(&completions, None).await {
        promise!(answer, CompleteAnswer::Committed, "each of several is completed");
    }
}

/// A read changes nothing, and sees what was written before it.
pub async fn a_read_says_where_the_work_stands_and_since_when(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    promise!(subject.read(store).await, ReadAnswer::Nothing, "there is no row yet");
    let claimed_ms = epoch_ms(clock.wall());
    let lease = granted(store, subject.request(1, "a").version("7")).await;
    clock.advance(Duration::from_secs(1));
    let row = subject.row(store).await;
    let end_ms = lease.expires_at_ms();
    promise!(row.status, RowStatus::InProgress { lease_expires_at_ms } if lease_expires_at_ms == end_ms, "a claim is in progress");
    assert_eq!((row.since_ms, row.attempts, row.version.as_deref()), (claimed_ms, 1, Some("7")), "since the claim");
    assert_eq!(row.payload_hash, lease.payload_hash(), "the payload that was claimed");
    assert_eq!(
        row.expires_at_s,
        claimed_ms / 1_000 + RETENTION.as_secs(),
        "the end of its retention as the claim has it"
    );

    promise!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    let row = subject.row(store).await;
    promise!(row.status, RowStatus::Released, "a release waits for the next delivery");
    assert_eq!((row.since_ms, row.attempts), (claimed_ms + 1_000, 0), "since the release, which begins anew");

    let lease = granted(store, subject.request(2, "a").version("7")).await;
    let request = FailRequest::new(lease, "7", "declined");
    promise!(one(store.fail(&[request], None).await), HeldAnswer::Written, "a held lease is rejected");
    promise!(subject.row(store).await.status, RowStatus::Rejected { error } if error.as_deref() == Some("declined"),
        "a rejection says its class");

    let lease = granted(store, subject.request(3, "a").version("8")).await;
    assert_eq!(subject.row(store).await.version.as_deref(), Some("8"), "the version of who claimed last");
    clock.advance(Duration::from_secs(1));
    promise!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    let row = subject.row(store).await;
    promise!(row.status, RowStatus::Completed { result: StoredResult::Nothing }, "done");
    assert_eq!(row.since_ms, claimed_ms + 2_000, "since the completion");
    let kept_until_s = claimed_ms / 1_000 + 2 + RETENTION.as_secs();
    assert_eq!(row.expires_at_s, kept_until_s, "the end of its retention as the completion has it");
}
