//! Five ways in which Powertools for AWS Lambda loses or repeats messages, and what happens here instead.
//! `runtime/docs/powertools.md` tells the reasons.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, UNIX_EPOCH},
};

use sqs_runtime::{
    Clock, Consumer, Idempotency,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, HeldAnswer, IdempotencyKey, IdempotencyStore,
        Lease, Owner, PayloadHash, StoredResult, dynamodb::DynamoDbStore,
    },
    run::Pipeline,
    testkit::ManualClock,
};

use super::counting::Counted;
use crate::support::{event, outcomes, record, run_again};

const LEASE: Duration = Duration::from_secs(30);

/// A store on a clock of its own.
async fn store() -> (DynamoDbStore, ManualClock) {
    let clock = ManualClock::new();
    (Counted::new().await.store().clock(clock.clone()), clock)
}

fn epoch_ms(clock: &ManualClock) -> u64 {
    let since = clock.wall().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("fits")
}

async fn claim(store: &DynamoDbStore, clock: &ManualClock, owner: u128) -> ClaimAnswer {
    let (now_ms, key) = (epoch_ms(clock), IdempotencyKey::derive("orders", &[b"m-1"]));
    let lease_end_ms = now_ms + 30_000;
    let hash = PayloadHash::of(b"x");
    let request = ClaimRequest::new(key, Owner::from_bits(owner), lease_end_ms, now_ms / 1_000 + 1_000, hash);
    store.claim(&[request], None).await.remove(0)
}

async fn lease(store: &DynamoDbStore, clock: &ManualClock, owner: u128) -> Lease {
    match claim(store, clock, owner).await {
        ClaimAnswer::Acquired(lease) => lease,
        other => panic!("not granted: {other:?}"),
    }
}

/// A slow attempt and the one that took over from it.
async fn loser_and_winner(store: &DynamoDbStore, clock: &ManualClock) -> (Lease, Lease) {
    let loser = lease(store, clock, 1).await;
    clock.advance(LEASE + Duration::from_secs(2));
    (loser, lease(store, clock, 2).await)
}

async fn complete(store: &DynamoDbStore, lease: Lease, result: &str) -> CompleteAnswer {
    let request = CompleteRequest::new(lease, u64::MAX / 2).result(StoredResult::Kept(result.into()));
    store.complete(&[request], None).await.remove(0)
}

/// There: the completion has no condition, so the slow attempt's overwrites the other's.
#[tokio::test]
async fn a_late_loser_does_not_overwrite_the_winners_record() {
    let (store, clock) = store().await;
    let (loser, winner) = loser_and_winner(&store, &clock).await;
    let answer = complete(&store, loser.clone(), "the loser's").await;
    assert!(matches!(answer, CompleteAnswer::LeaseLost), "{answer:?}");
    let answer = complete(&store, winner, "the winner's").await;
    assert!(matches!(answer, CompleteAnswer::Committed), "{answer:?}");
    let answer = complete(&store, loser, "the loser's").await;
    assert!(matches!(answer, CompleteAnswer::CompletedElsewhere), "{answer:?}");
    let replay = claim(&store, &clock, 3).await;
    assert!(
        matches!(&replay, ClaimAnswer::Completed { result } if result.json() == Some("the winner's")),
        "{replay:?}"
    );
}

/// There: a failing attempt deletes the record, whoever holds it by now, and a third one runs beside the second.
#[tokio::test]
async fn a_late_loser_does_not_release_the_winners_claim() {
    let (store, clock) = store().await;
    let (loser, _winner) = loser_and_winner(&store, &clock).await;
    let released = store.release(&[loser], None).await.remove(0);
    assert!(matches!(released, HeldAnswer::LeaseLost), "{released:?}");
    let third = claim(&store, &clock, 3).await;
    assert!(matches!(third, ClaimAnswer::InProgress { .. }), "{third:?}");
}

/// A consumer that counts its runs, over a wire that loses things.
async fn losing(of: &'static str, requests: usize, replies: usize) -> (Pipeline, Arc<AtomicUsize>) {
    let (counted, runs) = (Counted::new().await, Arc::new(AtomicUsize::new(0)));
    counted.lose(of, requests, replies);
    let counting = Arc::clone(&runs);
    let consumer = Consumer::new(move || {
        let runs = Arc::clone(&counting);
        async move { assert!(runs.fetch_add(1, SeqCst) < 10) }
    });
    let idempotency = Idempotency::new(counted.store()).cached_keys(0);
    (Pipeline::for_tests(consumer.idempotency(idempotency)), runs)
}

/// There: the SDK sends the claim again, it meets the record that it has just written, and the message is locked out as
/// "already in progress" although nothing runs.
#[tokio::test]
async fn a_lost_reply_does_not_lock_a_message_out_of_its_own_claim() {
    let (pipeline, runs) = losing(":inprogress, #attempts", 0, 1).await;
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["done"]);
    assert_eq!(runs.load(SeqCst), 1);
}

/// There: the error is raised, the record stays in progress, and once that has expired the effect is repeated.
#[tokio::test]
async fn a_completion_that_is_lost_behind_the_effect_is_sent_again_or_found() {
    // The SDK tries three times in each operation, and an operation is tried three times.
    for (requests, replies) in [(1, 0), (5, 0), (0, 1), (0, 9), (4, 3)] {
        let (pipeline, runs) = losing("= :completed", requests, replies).await;
        let event = event(&[record("m-1", "x")]);
        let lost = format!("{requests} requests and {replies} replies lost");
        assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"], "{lost}");
        assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"], "{lost}");
        assert_eq!(runs.load(SeqCst), 1, "{lost}");
    }
}

/// There: records are kept for an hour, and SQS keeps messages for up to 14 days.
#[tokio::test]
async fn a_success_is_remembered_as_long_as_sqs_can_keep_a_message() {
    let (store, clock) = store().await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let consumer = Consumer::new(move || {
        let runs = Arc::clone(&counting);
        async move { assert!(runs.fetch_add(1, SeqCst) < 10) }
    });
    let idempotency = Idempotency::new(store).cached_keys(0);
    let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency).clock(clock.clone()));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    clock.advance(Duration::from_secs(14 * 24 * 3_600));
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
    assert_eq!(runs.load(SeqCst), 1);
}
