//! The claim before the handler: promises G1 and G2 of `runtime/docs/idempotency.md`, as far as one process can show them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    claim::{
        ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, FencingToken, HeldAnswer,
        IdempotencyKey, IdempotencyStore, Lease, MemoryStore, Owner, PayloadHash, RenewAnswer, RenewRequest,
        StoreError,
    },
    extract::Body,
    run::Pipeline,
    testkit::ManualClock,
};

use crate::support::{event, outcomes, reasons, record, returned, run, run_again};

/// A consumer whose handler counts its runs and fails on the body "fail".
fn counting(runs: &Arc<AtomicUsize>) -> Consumer {
    let runs = Arc::clone(runs);
    Consumer::new(move |body: Body| {
        let runs = Arc::clone(&runs);
        async move {
            runs.fetch_add(1, SeqCst);
            if body.as_str() == "fail" { Err(Failure::from("asked to fail")) } else { Ok(()) }
        }
    })
}

#[tokio::test]
async fn what_is_done_is_not_run_again() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn what_failed_is_released_and_runs_again() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs));
    let event = event(&[record("m-1", "fail")]);
    for attempt in 1..=3 {
        assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["retry"]);
        assert_eq!(runs.load(SeqCst), attempt);
    }
}

#[tokio::test]
async fn without_idempotency_every_delivery_runs() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs).without_idempotency());
    let event = event(&[record("m-1", "x")]);
    run_again(&pipeline, &event).await;
    run_again(&pipeline, &event).await;
    assert_eq!(runs.load(SeqCst), 2);
}

#[tokio::test]
async fn the_same_id_with_another_body_is_a_conflict_and_does_not_run() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs));
    run_again(&pipeline, &event(&[record("m-1", "x")])).await;
    let report = run_again(&pipeline, &event(&[record("m-1", "y")])).await;
    assert_eq!(outcomes(&report), ["rejected"]);
    assert_eq!(reasons(&report), ["the key was completed with another payload"]);
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn a_claim_that_another_holds_is_left_alone() {
    let clock = ManualClock::new();
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let key = IdempotencyKey::derive("orders", &[b"m-1"]);
    let now_ms = u64::try_from(clock.wall().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis());
    let now_ms = now_ms.expect("fits");
    let request =
        ClaimRequest::new(key, Owner::from_bits(1), now_ms + 60_000, now_ms / 1_000 + 3_600, PayloadHash::of(b"x"));
    assert!(matches!(store.claim(&[request], None).await.as_slice(), [ClaimAnswer::Acquired(_)]));

    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs).idempotency(Idempotency::new(store)).clock(clock.clone()));
    let event = event(&[record("m-1", "x")]);
    let report = run_again(&pipeline, &event).await;
    assert_eq!(outcomes(&report), ["in progress elsewhere"]);
    assert_eq!(returned(&report), ["m-1"]);
    // Once the lease is over, and the clocks' skew with it, it is taken over.
    clock.advance(Duration::from_millis(61_001));
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn messages_with_one_key_are_one_piece_of_work() {
    let runs = Arc::default();
    let by_body = || Idempotency::memory().key_by(|record| Some(record.body().to_owned()));
    let consumer = counting(&runs).idempotency(by_body());
    let report = run(consumer, &event(&[record("m-1", "x"), record("m-2", "x"), record("m-3", "y")])).await;
    assert_eq!(outcomes(&report), ["done", "already done", "done"]);
    assert_eq!(runs.load(SeqCst), 2);
    // The next of a key runs if the one before it did not succeed.
    let failing = counting(&runs).idempotency(by_body());
    let report = run(failing, &event(&[record("m-1", "fail"), record("m-2", "fail")])).await;
    assert_eq!(outcomes(&report), ["retry", "retry"]);
    assert_eq!(runs.load(SeqCst), 4);
}

#[tokio::test]
async fn a_message_without_its_key_does_not_run() {
    let runs = Arc::default();
    let by_attribute =
        |record: &sqs_runtime::batch::Record| Some(record.message_attribute("order")?.as_str()?.to_owned());
    let consumer = counting(&runs).idempotency(Idempotency::memory().key_by(by_attribute));
    let mut keyed = record("m-2", "x");
    keyed["messageAttributes"] = json!({"order": {"dataType": "String", "stringValue": "A-1"}});
    let mut empty = record("m-3", "x");
    empty["messageAttributes"] = json!({"order": {"dataType": "String", "stringValue": ""}});
    let report = run(consumer, &event(&[record("m-1", "x"), keyed, empty])).await;
    assert_eq!(outcomes(&report), ["retry", "done", "retry"]);
    assert_eq!(reasons(&report)[0], "no idempotency key");
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn the_handler_sees_its_key_and_its_fencing_token() {
    let consumer = Consumer::new(|key: IdempotencyKey, delivery: sqs_runtime::handler::Invocation| async move {
        assert!(key.as_str().starts_with("orders#"), "{key}");
        assert_eq!(delivery.time_left(), None);
    });
    assert_eq!(outcomes(&run(consumer, &event(&[record("m-1", "x")])).await), ["done"]);
}

#[tokio::test]
async fn a_store_that_does_not_answer_runs_nothing() {
    for (answer, says) in [
        (Wrong::Unavailable, "the idempotency store is unavailable: throttled"),
        (Wrong::Unknown, "the claim may or may not have been written: timed out"),
        (Wrong::Corrupt, "the stored row is not understood"),
        (Wrong::Missing, "the claim may or may not have been written"),
    ] {
        let runs = Arc::default();
        let report = run(counting(&runs).idempotency(Idempotency::new(answer)), &event(&[record("m-1", "x")])).await;
        assert_eq!((outcomes(&report), reasons(&report)), (vec!["retry"], vec![says.to_owned()]));
        assert_eq!(runs.load(SeqCst), 0);
    }
}

#[tokio::test]
async fn a_success_that_was_not_recorded_is_no_success() {
    for (answer, outcome) in
        [(Wrong::CommitUnknown, "retry"), (Wrong::LeaseLost, "retry"), (Wrong::CompletedElsewhere, "already done")]
    {
        let runs = Arc::default();
        let report = run(counting(&runs).idempotency(Idempotency::new(answer)), &event(&[record("m-1", "x")])).await;
        assert_eq!(outcomes(&report), [outcome], "{answer:?}");
        assert_eq!(runs.load(SeqCst), 1);
    }
}

/// A store with one thing wrong.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Unavailable,
    Unknown,
    Corrupt,
    Missing,
    CommitUnknown,
    LeaseLost,
    CompletedElsewhere,
}

impl Wrong {
    fn to_claim(self, request: &ClaimRequest) -> Option<ClaimAnswer> {
        Some(match self {
            Self::Unavailable => ClaimAnswer::Unavailable(StoreError::new("throttled")),
            Self::Unknown => ClaimAnswer::Unknown(StoreError::new("timed out")),
            Self::Corrupt => ClaimAnswer::Corrupt,
            Self::Missing => return None,
            _ => ClaimAnswer::Acquired(Lease::granted(request, FencingToken(1), 1, u64::MAX)),
        })
    }

    fn to_completion(self) -> CompleteAnswer {
        match self {
            Self::CommitUnknown => CompleteAnswer::Unknown(StoreError::new("timed out")),
            Self::LeaseLost => CompleteAnswer::LeaseLost,
            _ => CompleteAnswer::CompletedElsewhere,
        }
    }
}

fn each<'a, T, A: Send + 'a>(elements: &[T], answer: impl FnMut(&T) -> Option<A>) -> BoxFuture<'a, Vec<A>> {
    Box::pin(std::future::ready(elements.iter().filter_map(answer).collect()))
}

impl IdempotencyStore for Wrong {
    fn claim<'a>(&'a self, requests: &'a [ClaimRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<ClaimAnswer>> {
        each(requests, |request| self.to_claim(request))
    }
    fn complete<'a>(&'a self, all: &'a [CompleteRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        each(all, |_| Some(self.to_completion()))
    }
    fn release<'a>(&'a self, leases: &'a [Lease], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        each(leases, |_| Some(HeldAnswer::LeaseLost))
    }
    fn fail<'a>(&'a self, requests: &'a [FailRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<HeldAnswer>> {
        each(requests, |_| Some(HeldAnswer::LeaseLost))
    }
    fn renew<'a>(&'a self, requests: &'a [RenewRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<RenewAnswer>> {
        each(requests, |_| Some(RenewAnswer::LeaseLost))
    }
    fn mark<'a>(&'a self, requests: &'a [ClaimRequest], _: Option<Duration>) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        each(requests, |_| Some(self.to_completion()))
    }
    fn forget<'a>(&'a self, _: &'a IdempotencyKey) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
}

/// What is settled without a claim can make others ready: the first message has no key, so the second of its group does not
/// start, so the third, with the key of the second, must.
#[tokio::test]
async fn what_ends_without_a_claim_does_not_hold_up_what_waited_for_it() {
    let keyed = |id: &str, group: &str, key: &str| {
        let mut record = crate::support::fifo_record(id, group, "x");
        record["messageAttributes"] = json!({"key": {"dataType": "String", "stringValue": key}});
        record
    };
    let by_attribute =
        |record: &sqs_runtime::batch::Record| Some(record.message_attribute("key")?.as_str()?.to_owned());
    let consumer = Consumer::new(|| async {}).idempotency(Idempotency::memory().key_by(by_attribute));
    let records = [keyed("a1", "A", ""), keyed("a2", "A", "k"), keyed("b1", "B", "k")];
    let report = run(consumer, &event(&records)).await;
    assert_eq!(outcomes(&report), ["retry", "not started", "done"]);
}
