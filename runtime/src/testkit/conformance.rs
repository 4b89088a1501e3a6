//! What every idempotency store must do: one function for each promise.
//!
//! A store of your own runs all of them with [`all`], in a test:
//!
//! ```
//! use sqs_runtime::{claim::MemoryStore, testkit::{ManualClock, conformance}};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let clock = ManualClock::new();
//! let store = MemoryStore::new(clock.clone());
//! conformance::all(&store, &clock).await;
//! # });
//! ```
//!
//! The store reads the time from the clock that is given, so that leases and retentions end when a test says so. Every
//! function uses keys of its own, and may run on a store that holds other rows. Each panics if the promise is broken.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "every function here says what is wrong by panicking")]

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::ManualClock;
use crate::{
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, IdempotencyKey,
        IdempotencyStore, Lease, Owner, PayloadHash, RenewAnswer, RenewRequest,
    },
    clock::{Clock, epoch_ms},
};

/// How long the leases of these tests last.
const LEASE: Duration = Duration::from_secs(30);

/// How long rows are remembered.
const RETENTION: Duration = Duration::from_secs(1_000);

/// More than clocks may differ.
const SKEW: Duration = Duration::from_secs(2);

macro_rules! promises {
    ($($name:ident),* $(,)?) => {
        /// Runs every function of this module.
        ///
        /// # Panics
        ///
        /// If the store breaks a promise; the message says which.
        pub async fn all(store: &dyn IdempotencyStore, clock: &ManualClock) {
            $($name(store, clock).await;)*
        }

        /// The names of all promises.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

promises![
    a_free_key_is_granted,
    a_held_key_is_refused_with_the_end_of_its_lease,
    ones_own_write_is_recognised,
    a_lease_is_taken_over_after_its_end_and_the_skew,
    fences_grow_with_every_grant,
    a_success_is_a_replay_and_keeps_its_result,
    a_success_with_another_payload_is_a_conflict,
    a_success_is_never_undone,
    a_completion_after_a_takeover_is_refused,
    a_late_completion_of_the_registered_owner_is_right,
    a_completion_of_another_ones_success_is_a_replay_or_a_conflict,
    a_release_frees_the_key_at_once,
    a_release_after_a_takeover_changes_nothing,
    a_late_copy_of_a_released_claim_is_refused,
    a_rejection_blocks_its_payload_and_version_only,
    a_rejection_after_a_takeover_changes_nothing,
    a_rejection_can_be_forgotten_and_nothing_else_can,
    a_renewal_moves_the_end_and_never_back,
    a_renewal_after_a_takeover_is_refused,
    attempts_count_what_ended_neither_way,
    an_expired_row_is_free_whatever_it_says,
    a_mark_is_a_success_and_respects_a_living_lease,
    each_element_of_a_call_has_its_own_answer,
];

/// One key, and requests for it.
struct Subject<'a> {
    clock: &'a ManualClock,
    key: IdempotencyKey,
}

impl<'a> Subject<'a> {
    fn new(clock: &'a ManualClock) -> Self {
        // Keys of its own also where several runs share a table.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let process = std::process::id().to_be_bytes();
        Self { clock, key: IdempotencyKey::derive("conformance", &[&process, &number]) }
    }

    fn request(&self, owner: u128, payload: &str) -> ClaimRequest {
        let now_ms = epoch_ms(self.clock.wall());
        let (lease, retention) = (millis(LEASE), RETENTION.as_secs());
        let hash = PayloadHash::of(payload.as_bytes());
        ClaimRequest::new(self.key.clone(), Owner::from_bits(owner), now_ms + lease, now_ms / 1_000 + retention, hash)
    }

    fn completion(&self, lease: &Lease) -> CompleteRequest {
        CompleteRequest::new(lease.clone(), epoch_ms(self.clock.wall()) / 1_000 + RETENTION.as_secs())
    }

    fn end_lease(&self) {
        self.clock.advance(LEASE + SKEW);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

async fn claim(store: &dyn IdempotencyStore, request: ClaimRequest) -> ClaimAnswer {
    one(store.claim(&[request], None).await)
}

async fn complete(store: &dyn IdempotencyStore, request: CompleteRequest) -> CompleteAnswer {
    one(store.complete(&[request], None).await)
}

async fn release(store: &dyn IdempotencyStore, lease: &Lease) -> HeldAnswer {
    one(store.release(std::slice::from_ref(lease), None).await)
}

fn one<A>(mut answers: Vec<A>) -> A {
    match (answers.pop(), answers.len()) {
        (Some(answer), 0) => answer,
        (_, others) => panic!("one element was asked, and {others} more were answered"),
    }
}

/// The lease of a claim that must be granted.
async fn granted(store: &dyn IdempotencyStore, request: ClaimRequest) -> Lease {
    match claim(store, request).await {
        ClaimAnswer::Acquired(lease) => lease,
        other => panic!("a claim that must be granted got {other:?}"),
    }
}

macro_rules! expect {
    ($answer:expr, $pattern:pat $(if $guard:expr)?, $promise:literal) => {
        match $answer {
            $pattern $(if $guard)? => {}
            other => panic!("{}: got {other:?}", $promise),
        }
    };
}

/// A key that nobody holds is granted, with the lease that was asked for.
pub async fn a_free_key_is_granted(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let request = subject.request(1, "a");
    let lease = granted(store, request.clone()).await;
    assert_eq!((lease.key(), lease.owner()), (&subject.key, Owner::from_bits(1)));
    assert_eq!((lease.expires_at_ms(), lease.attempts()), (request.lease_expires_at_ms, 1));
}

/// A key that another holds is refused, whatever the payload, and says until when.
pub async fn a_held_key_is_refused_with_the_end_of_its_lease(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    for payload in ["a", "b"] {
        let answer = claim(store, subject.request(2, payload)).await;
        expect!(answer, ClaimAnswer::InProgress { lease_expires_at_ms } if lease_expires_at_ms == lease.expires_at_ms(),
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
    expect!(at_the_end, ClaimAnswer::InProgress { .. }, "a lease is not taken over within the skew");
    clock.advance(SKEW);
    granted(store, subject.request(3, "a")).await;
}

/// Fencing tokens grow with every grant, over takeovers, releases and expiry.
pub async fn fences_grow_with_every_grant(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let first = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let second = granted(store, subject.request(2, "a")).await;
    expect!(release(store, &second).await, HeldAnswer::Written, "a held lease is released");
    let third = granted(store, subject.request(3, "a")).await;
    clock.advance(RETENTION + LEASE);
    let fourth = granted(store, subject.request(4, "a")).await;
    let fences = [first, second, third, fourth].map(|lease| lease.fencing_token());
    assert!(fences.is_sorted_by(|a, b| a < b), "fences must grow: {fences:?}");
}

/// A key that is done is answered with what its handler returned.
pub async fn a_success_is_a_replay_and_keeps_its_result(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    let completion = subject.completion(&lease).result("{\"n\":1}");
    expect!(complete(store, completion.clone()).await, CompleteAnswer::Committed, "a held lease is completed");
    expect!(complete(store, completion).await, CompleteAnswer::Committed, "one's own completion is recognised");
    let answer = claim(store, subject.request(2, "a")).await;
    expect!(answer, ClaimAnswer::Completed { result: Some(result) } if &*result == "{\"n\":1}",
        "a replay returns the stored bytes unchanged");
}

/// Another payload under a key that is done is no repetition.
pub async fn a_success_with_another_payload_is_a_conflict(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    expect!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    let answer = claim(store, subject.request(2, "b")).await;
    expect!(answer, ClaimAnswer::KeyConflict, "another payload is a conflict");
}

/// Neither its own owner nor anybody else changes a row that is done.
pub async fn a_success_is_never_undone(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    expect!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    expect!(release(store, &lease).await, HeldAnswer::LeaseLost, "a success is not released");
    let failed = store.fail(&[FailRequest::new(lease.clone(), "1", "late")], None).await;
    expect!(one(failed), HeldAnswer::LeaseLost, "a success is not rejected");
    subject.end_lease();
    let answer = claim(store, subject.request(2, "a")).await;
    expect!(answer, ClaimAnswer::Completed { .. }, "a success stays, also after its lease");
}

/// Whoever lost its lease to another records nothing.
pub async fn a_completion_after_a_takeover_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let winner = granted(store, subject.request(2, "a")).await;
    expect!(complete(store, subject.completion(&loser)).await, CompleteAnswer::LeaseLost, "a loser records nothing");
    expect!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner records");
}

/// A completion after the lease's end is right as long as nobody took over.
pub async fn a_late_completion_of_the_registered_owner_is_right(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let answer = complete(store, subject.completion(&lease)).await;
    expect!(answer, CompleteAnswer::Committed, "no clock decides over a completion");
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
        expect!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner records");
        match (complete(store, subject.completion(&loser)).await, is_same) {
            (CompleteAnswer::CompletedElsewhere, true) | (CompleteAnswer::KeyConflict, false) => {}
            (other, _) => panic!("another's success with the same payload: {is_same}, got {other:?}"),
        }
    }
}

/// After a release the next attempt need not wait.
pub async fn a_release_frees_the_key_at_once(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    expect!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    granted(store, subject.request(2, "b")).await;
}

/// Whoever lost its lease releases nothing of the winner's.
pub async fn a_release_after_a_takeover_changes_nothing(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    let winner = granted(store, subject.request(2, "a")).await;
    expect!(release(store, &loser).await, HeldAnswer::LeaseLost, "a loser releases nothing");
    expect!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner holds on");
}

/// A copy of a claim that comes after its own release does not put the key in progress again.
pub async fn a_late_copy_of_a_released_claim_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let request = subject.request(1, "a");
    let lease = granted(store, request.clone()).await;
    expect!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
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
        expect!(one(failed), HeldAnswer::Written, "a held lease is rejected");
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
    expect!(one(failed), HeldAnswer::LeaseLost, "a loser rejects nothing");
    expect!(complete(store, subject.completion(&winner)).await, CompleteAnswer::Committed, "the winner holds on");
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
    expect!(one(failed), HeldAnswer::Written, "a held lease is rejected");
    assert!(forget().await, "a rejection is forgotten");
    let lease = granted(store, subject.request(2, "a").version("7")).await;
    expect!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    assert!(!forget().await, "a success is not forgotten");
}

/// A renewal moves the end forward; a late one does not move it back.
pub async fn a_renewal_moves_the_end_and_never_back(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    let later = lease.expires_at_ms() + millis(LEASE);
    let renew = async |until_ms| one(store.renew(&[RenewRequest::new(lease.clone(), until_ms)], None).await);
    expect!(renew(later).await, RenewAnswer::Held { lease_expires_at_ms } if lease_expires_at_ms == later,
        "a held lease is renewed");
    expect!(renew(later - 1).await, RenewAnswer::Held { lease_expires_at_ms } if lease_expires_at_ms == later,
        "a late renewal shortens nothing, and the lease is held");
    subject.end_lease();
    let answer = claim(store, subject.request(2, "a")).await;
    expect!(answer, ClaimAnswer::InProgress { lease_expires_at_ms } if lease_expires_at_ms == later,
        "a renewed lease is not taken over");
}

/// Whoever lost its lease hears so.
pub async fn a_renewal_after_a_takeover_is_refused(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let loser = granted(store, subject.request(1, "a")).await;
    subject.end_lease();
    granted(store, subject.request(2, "a")).await;
    let renewal = RenewRequest::new(loser, epoch_ms(clock.wall()) + millis(LEASE));
    expect!(one(store.renew(&[renewal], None).await), RenewAnswer::LeaseLost, "a lost lease is not renewed");
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
    expect!(release(store, &lease).await, HeldAnswer::Written, "a held lease is released");
    assert_eq!(granted(store, subject.request(5, "a")).await.attempts(), 1, "a release begins anew");
}

/// What is past its retention is free, although the store may not have deleted it yet.
pub async fn an_expired_row_is_free_whatever_it_says(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let lease = granted(store, subject.request(1, "a")).await;
    expect!(complete(store, subject.completion(&lease)).await, CompleteAnswer::Committed, "a held lease is completed");
    clock.advance(RETENTION + SKEW);
    granted(store, subject.request(2, "b")).await;
}

/// A mark records a success without a claim, and never over another's living lease.
pub async fn a_mark_is_a_success_and_respects_a_living_lease(store: &dyn IdempotencyStore, clock: &ManualClock) {
    let subject = Subject::new(clock);
    let mark = async |owner, payload| one(store.mark(&[subject.request(owner, payload)], None).await);
    expect!(mark(1, "a").await, CompleteAnswer::Committed, "a free key is marked");
    expect!(mark(1, "a").await, CompleteAnswer::Committed, "one's own mark is recognised");
    expect!(mark(2, "a").await, CompleteAnswer::CompletedElsewhere, "another's mark is a replay");
    expect!(mark(2, "b").await, CompleteAnswer::KeyConflict, "another payload is a conflict");
    let answer = claim(store, subject.request(3, "a")).await;
    expect!(answer, ClaimAnswer::Completed { .. }, "a mark is a success for a claim");

    let held = Subject::new(clock);
    granted(store, held.request(1, "a")).await;
    let answer = one(store.mark(&[held.request(2, "a")], None).await);
    expect!(answer, CompleteAnswer::LeaseLost, "a living lease is not marked over");
    held.end_lease();
    let answer = one(store.mark(&[held.request(2, "a")], None).await);
    expect!(answer, CompleteAnswer::Committed, "a lease that is over is marked over");
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
        expect!(answer, CompleteAnswer::Committed, "each of several is completed");
    }
}
