//! The modes: what each asks the store, and what it gives.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use serde_json::{Value, json};
use sqs_runtime::{
    Consumer, Failure, Idempotency, SystemClock,
    claim::{FencingToken, Key, MemoryStore, Mode, OnCommitUnknown},
    extract::{MessageId, Transaction},
    run::Pipeline,
    testkit::RecordingStore,
};

use super::{Wrong, counting};
use crate::support::{event, outcomes, reasons, record, run, run_again};

type Store = RecordingStore<MemoryStore>;

fn store() -> Store {
    RecordingStore::new(MemoryStore::new(SystemClock::new()))
}

/// What was asked since the last time.
pub(super) fn asked<S>(store: &RecordingStore<S>) -> Vec<&'static str> {
    store.take_calls().iter().map(|call| call.operation).collect()
}

/// The same message once more.
pub(super) fn redelivered(mut record: Value) -> Value {
    record["attributes"]["ApproximateReceiveCount"] = json!("2");
    record
}

/// The outcomes of a first delivery and of a second one in another process, and what each asked of the store.
async fn twice(idempotency: impl Fn(Store) -> Idempotency) -> [(Vec<&'static str>, Vec<&'static str>); 2] {
    let (store, runs) = (store(), Arc::new(AtomicUsize::new(0)));
    let mut seen = [const { (vec![], vec![]) }; 2];
    for (seen, record) in seen.iter_mut().zip([record("m-1", "x"), redelivered(record("m-1", "x"))]) {
        let pipeline = Pipeline::for_tests(counting(&runs).idempotency(idempotency(store.clone())));
        *seen = (outcomes(&run_again(&pipeline, &event(&[record])).await), asked(&store));
    }
    assert_eq!(runs.load(SeqCst), 1);
    seen
}

#[tokio::test]
async fn lease_claims_and_completes_and_reads_what_may_be_done() {
    let [first, second] = twice(Idempotency::new).await;
    assert_eq!(first, (vec!["done"], vec!["claim", "complete"]));
    assert_eq!(second, (vec!["already done"], vec!["read"]));
}

#[tokio::test]
async fn commit_only_and_mark_after_record_a_success_and_nothing_before() {
    for mode in [Mode::CommitOnly, Mode::MarkAfter] {
        let [first, second] = twice(|store| Idempotency::new(store).mode(mode)).await;
        assert_eq!(first, (vec!["done"], vec!["mark"]), "{mode:?}");
        assert_eq!(second, (vec!["already done"], vec!["read"]), "{mode:?}");
    }
}

#[tokio::test]
async fn check_first_reads_every_message() {
    let (store, runs) = (store(), Arc::default());
    let idempotency = Idempotency::new(store.clone()).mode(Mode::MarkAfter).check_first(true).cached_keys(0);
    let pipeline = Pipeline::for_tests(counting(&runs).idempotency(idempotency));
    let event = event(&[record("m-1", "x")]);
    run_again(&pipeline, &event).await;
    assert_eq!(asked(&store), ["read", "mark"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
    assert_eq!(asked(&store), ["read"]);
    assert_eq!(runs.load(SeqCst), 1);
}

/// Without the read a second delivery that looks like a first one runs again, and its mark tells.
#[tokio::test]
async fn mark_after_is_at_least_once() {
    let (store, runs) = (store(), Arc::default());
    let idempotency = Idempotency::new(store).mode(Mode::MarkAfter).cached_keys(0);
    let pipeline = Pipeline::for_tests(counting(&runs).idempotency(idempotency));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
    assert_eq!(runs.load(SeqCst), 2);
}

#[tokio::test]
async fn a_failure_leaves_nothing_behind_where_nothing_was_claimed() {
    let (store, runs) = (store(), Arc::default());
    let pipeline =
        Pipeline::for_tests(counting(&runs).idempotency(Idempotency::new(store.clone()).mode(Mode::MarkAfter)));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "fail")])).await), ["retry"]);
    assert_eq!(asked(&store), [""; 0]);
}

#[tokio::test]
async fn what_this_process_saw_committed_is_not_asked_again() {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        let (store, runs) = (store(), Arc::default());
        let idempotency = Idempotency::new(store.clone()).mode(mode);
        let pipeline = Pipeline::for_tests(counting(&runs).idempotency(idempotency));
        run_again(&pipeline, &event(&[record("m-1", "x")])).await;
        store.take_calls();
        let again = event(&[redelivered(record("m-1", "x"))]);
        assert_eq!(outcomes(&run_again(&pipeline, &again).await), ["already done"]);
        let other = event(&[redelivered(record("m-1", "y"))]);
        assert_eq!(outcomes(&run_again(&pipeline, &other).await), ["rejected"], "another payload is a conflict");
        assert_eq!((asked(&store), runs.load(SeqCst)), (vec![], 1), "{mode:?}");
    }
}

/// Of a double send in one batch the later one finds the earlier one's success.
#[tokio::test]
async fn of_one_key_in_a_batch_one_runs_in_every_mode() {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        for cached_keys in [0, 10] {
            let runs = Arc::default();
            let by_body = Key::by(|record| Some(record.body().to_owned())).same_body();
            let idempotency = Idempotency::memory().key(by_body).mode(mode).cached_keys(cached_keys);
            let consumer = counting(&runs).idempotency(idempotency);
            let report = run(consumer, &event(&[record("m-1", "x"), record("m-2", "x")])).await;
            assert_eq!(outcomes(&report), ["done", "already done"], "{mode:?}");
            assert_eq!(runs.load(SeqCst), 1, "{mode:?}, {cached_keys} keys");
        }
    }
}

#[tokio::test]
async fn a_fencing_token_needs_a_claim() {
    let seen = |mode| async move {
        let consumer = Consumer::new(|token: FencingToken| async move { assert!(token.0 > 0) });
        let report = run(consumer.idempotency(Idempotency::memory().mode(mode)), &event(&[record("m-1", "x")])).await;
        reasons(&report)
    };
    assert_eq!(seen(Mode::Lease).await, [""]);
    let missing = ["there is no lease: the consumer runs without idempotency, or in a mode that claims nothing first"];
    assert_eq!(seen(Mode::MarkAfter).await, missing);
}

/// A memory store commits nobody's writes: the handler is told before it does anything.
#[tokio::test]
async fn a_transaction_needs_a_store_that_has_them() {
    let consumer = Consumer::new(|_: Transaction| async {});
    let report = run(consumer, &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["rejected"]);
    assert!(reasons(&report)[0].starts_with("there is no transaction"), "{:?}", reasons(&report));
    let optional = Consumer::new(|transaction: Option<Transaction>| async move { assert!(transaction.is_none()) });
    assert_eq!(outcomes(&run(optional, &event(&[record("m-1", "x")])).await), ["done"]);
}

#[tokio::test]
async fn unguarded_runs_are_asked_for_counted_and_never_behind_a_claim_that_may_be_there() {
    for (wrong, outcome, unguarded) in
        [(Wrong::Unavailable, "done", 2), (Wrong::Unknown, "retry", 0), (Wrong::Corrupt, "retry", 0)]
    {
        let runs = Arc::default();
        let consumer = counting(&runs).idempotency(Idempotency::new(wrong).run_unguarded(true));
        // One that is claimed at once, one that would be read before.
        let report = run(consumer, &event(&[record("m-1", "x"), redelivered(record("m-2", "x"))])).await;
        assert_eq!(outcomes(&report), [outcome; 2], "{wrong:?}");
        assert_eq!((report.unguarded(), runs.load(SeqCst)), (unguarded, unguarded), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_unknown_commit_is_a_failure_unless_the_consumer_says_otherwise() {
    let outcome = async |what| {
        let idempotency = Idempotency::new(Wrong::CommitUnknown).on_commit_unknown(what);
        outcomes(&run(counting(&Arc::default()).idempotency(idempotency), &event(&[record("m-1", "x")])).await)
    };
    assert_eq!(outcome(OnCommitUnknown::Fail).await, ["retry"]);
    assert_eq!(outcome(OnCommitUnknown::Acknowledge).await, ["done"]);
}

#[tokio::test]
async fn a_machine_whose_clock_stands_before_this_release_claims_nothing() {
    let clock = sqs_runtime::testkit::ManualClock::at(std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400));
    let runs = Arc::default();
    let report = run(counting(&runs).clock(clock), &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["retry"]);
    assert_eq!(reasons(&report), ["this machine's time of day lies in the past"]);
    assert_eq!(runs.load(SeqCst), 0);
}

#[tokio::test]
async fn a_rejection_says_its_class_to_who_asks_for_the_status() {
    use sqs_runtime::claim::{IdempotencyKey, RowStatus};
    let (store, key) = (store(), IdempotencyKey::derive("orders", &[b"m-1"]));
    let idempotency = Idempotency::new(store);
    assert_eq!(idempotency.status(&key).await.expect("an answer"), None);
    let consumer = Consumer::new(|MessageId(id): MessageId| async move {
        if id == "m-1" { Err(Failure::retry("not now")) } else { Ok(()) }
    });
    let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency.clone()));
    run_again(&pipeline, &event(&[record("m-1", "x"), record("m-2", "x")])).await;
    let state = idempotency.status(&key).await.expect("an answer").expect("a row");
    assert_eq!(state.status, RowStatus::Released);
    let done = IdempotencyKey::derive("orders", &[b"m-2"]);
    let state = idempotency.status(&done).await.expect("an answer").expect("a row");
    assert!(matches!(state.status, RowStatus::Completed { .. }) && state.since_ms > 0, "{state:?}");
}

/// Whoever looks from outside goes by a clock of his own, which a test may hold still.
#[tokio::test]
async fn a_row_is_forgotten_by_the_clock_of_who_asks() {
    use sqs_runtime::{claim::IdempotencyKey, testkit::ManualClock};
    use std::time::Duration;
    let (clock, key) = (ManualClock::new(), IdempotencyKey::derive("orders", &[b"m-1"]));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let idempotency = Idempotency::new(Arc::clone(&store)).retention(Duration::from_secs(60));
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}).idempotency(idempotency).clock(clock.clone()));
    run_again(&pipeline, &event(&[record("m-1", "x")])).await;
    let later = ManualClock::new();
    let onlooker = Idempotency::new(store).clock(later.clone());
    assert!(onlooker.status(&key).await.expect("an answer").is_some());
    later.advance(Duration::from_secs(61));
    assert_eq!(onlooker.status(&key).await.expect("an answer"), None);
}

/// I19: a rejection blocks its payload under its version, and a later version tries again.
#[tokio::test]
async fn a_rejection_is_remembered_for_its_version() {
    use sqs_runtime::claim::{IdempotencyKey, RowStatus};
    let (store, runs) = (store(), Arc::new(AtomicUsize::new(0)));
    let version = |version: Option<&str>| {
        let runs = Arc::clone(&runs);
        let consumer = Consumer::new(move || {
            let runs = Arc::clone(&runs);
            async move {
                runs.fetch_add(1, SeqCst);
                Err::<(), _>(Failure::reject("never"))
            }
        });
        let idempotency = Idempotency::new(store.clone());
        let idempotency = version.map_or(idempotency.clone(), |version| idempotency.handler_version(version));
        Pipeline::for_tests(consumer.idempotency(idempotency))
    };
    let (first, again) = (event(&[record("m-1", "x")]), event(&[redelivered(record("m-1", "x"))]));
    assert_eq!(reasons(&run_again(&version(Some("7")), &first).await), ["never"]);
    assert_eq!(reasons(&run_again(&version(Some("7")), &first).await), ["rejected before: the handler failed: never"]);
    assert_eq!(reasons(&run_again(&version(Some("7")), &again).await), ["rejected before: the handler failed: never"]);
    assert_eq!(asked(&store), ["claim", "fail", "claim", "read"]);
    assert_eq!(runs.load(SeqCst), 1);
    let key = IdempotencyKey::derive("orders", &[b"m-1"]);
    let state = Idempotency::new(store.clone()).status(&key).await.expect("an answer").expect("a row");
    assert_eq!(state.status, RowStatus::Rejected { error: Some("the handler failed: never".into()) });

    assert_eq!(reasons(&run_again(&version(Some("8")), &again).await), ["never"]);
    assert_eq!(reasons(&run_again(&version(None), &again).await), ["never"], "an unknown version is never the same");
    assert_eq!(runs.load(SeqCst), 3);
}

/// What depends on more than the message is not held against it.
#[tokio::test]
async fn a_rejection_for_now_is_not_remembered() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let consumer = Consumer::new(move || {
        let run = counted.fetch_add(1, SeqCst);
        async move { if run == 0 { Err(Failure::reject("out of stock").for_now()) } else { Ok(()) } }
    });
    let pipeline = Pipeline::for_tests(consumer.idempotency(Idempotency::memory().handler_version("7")));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["rejected"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
}

#[tokio::test]
async fn a_handler_that_runs_unguarded_still_knows_its_key() {
    use sqs_runtime::claim::IdempotencyKey;
    let idempotency = || Idempotency::new(Wrong::Unavailable).run_unguarded(true);
    let consumer =
        Consumer::new(
            |key: IdempotencyKey, _: Idempotency| async move { assert!(key.as_str().starts_with("orders#")) },
        );
    assert_eq!(outcomes(&run(consumer.idempotency(idempotency()), &event(&[record("m-1", "x")])).await), ["done"]);
    let transacting = Consumer::new(|_: Transaction| async {});
    let report = run(transacting.idempotency(idempotency()), &event(&[record("m-1", "x")])).await;
    assert_eq!(
        (outcomes(&report), reasons(&report)),
        (vec!["retry"], vec!["there is no transaction while the store is down".to_owned()])
    );
}

/// A claim's row outlives its lease, however short the retention: else two would run at once.
#[tokio::test]
async fn a_short_retention_does_not_shorten_a_lease() {
    use std::time::Duration;
    let clock = sqs_runtime::testkit::ManualClock::new();
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let runs = Arc::new(AtomicUsize::new(0));
    let process = || {
        let runs = Arc::clone(&runs);
        let consumer = Consumer::new(move || {
            runs.fetch_add(1, SeqCst);
            std::future::pending::<()>()
        });
        let idempotency = Idempotency::new(Arc::clone(&store)).retention(Duration::from_secs(300));
        Pipeline::for_tests(consumer.idempotency(idempotency).clock(clock.clone()))
    };
    let (first, second, event) = (process(), process(), event(&[record("m-1", "x")]));
    let time = Some(Duration::from_secs(900));
    let running = first.run_event(event.clone(), first.invocation(time));
    let meeting = async {
        while runs.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(400));
        let report = second.run_event(event, second.invocation(time)).await.expect("an SQS event");
        assert_eq!((outcomes(&report), runs.load(SeqCst)), (vec!["in progress elsewhere"], 1));
        clock.advance(Duration::from_secs(490));
    };
    let (report, ()) = futures_util::join!(running, meeting);
    assert!(report.is_ok());
}

/// What no message could ever satisfy is said at the start.
#[test]
fn settings_that_can_never_work_stop_the_start() {
    let start = |idempotency: Idempotency| {
        let error = Pipeline::new(Consumer::new(|| async {}).idempotency(idempotency)).expect_err("it cannot work");
        assert!(error.is_settings());
        error.to_string()
    };
    let memory = Idempotency::memory;
    assert_eq!(
        start(memory().key(Key::pointer("id").key_alone())),
        "a JSON pointer begins with `/`, and `id` does not"
    );
    let fields = Key::pointer("/id").same_fields(["/a", "cents"]);
    assert_eq!(start(memory().key(fields)), "a JSON pointer begins with `/`, and `cents` does not");
    assert!(start(memory().key(Key::pointer("/id").same_fields([""; 0]))).starts_with("`same_fields` names no field"));
    assert!(start(memory().namespace("n".repeat(1_025))).contains("at most 1024 bytes"));
    assert!(Pipeline::new(Consumer::new(|| async {}).idempotency(memory().cached_keys(usize::MAX))).is_ok());
}
