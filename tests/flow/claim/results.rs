//! What a handler returned, kept and given back.

use std::sync::{Arc, Mutex};

use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{Mode, StoredResult},
    extract::Body,
    run::Pipeline,
};

use crate::support::{event, outcomes, record, run_again};

type Replays = Arc<Mutex<Vec<(String, StoredResult)>>>;

/// Memory that tells of its replays.
fn telling(replays: &Replays) -> Idempotency {
    let replays = Arc::clone(replays);
    Idempotency::memory().on_replay(move |record, result| {
        replays.lock().expect("no panic").push((record.message_id().to_owned(), result.clone()));
    })
}

/// A handler that returns its body's length in a list.
fn measuring() -> Consumer {
    Consumer::new(|body: Body| async move { Ok::<_, Failure>(vec![body.len()]) })
}

/// The results of two deliveries, the second of which is a replay.
async fn replayed(idempotency: Idempotency, replays: &Replays) -> Vec<(String, StoredResult)> {
    let pipeline = Pipeline::for_tests(measuring().idempotency(idempotency));
    let event = event(&[record("m-1", "four")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
    std::mem::take(&mut replays.lock().expect("no panic"))
}

#[tokio::test]
async fn a_replay_gives_back_the_bytes_that_were_kept() {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        let replays = Replays::default();
        let idempotency = telling(&replays).keep_results(100).mode(mode).check_first(true);
        let replays = replayed(idempotency, &replays).await;
        assert_eq!(replays, [("m-1".to_owned(), StoredResult::Kept("[4]".into()))], "{mode:?}");
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_leaves_a_note() {
    let replays = Replays::default();
    let replays = replayed(telling(&replays).keep_results(2), &replays).await;
    assert_eq!(replays, [("m-1".to_owned(), StoredResult::Omitted)]);
}

#[tokio::test]
async fn by_default_nothing_is_kept_and_the_hook_still_hears_of_the_replay() {
    let replays = Replays::default();
    let replays = replayed(telling(&replays), &replays).await;
    assert_eq!(replays, [("m-1".to_owned(), StoredResult::Nothing)]);
}

#[tokio::test]
async fn a_hook_that_panics_changes_no_outcome() {
    let panicking = Idempotency::memory().on_replay(|_, _| std::panic::resume_unwind(Box::new("asked to panic")));
    let pipeline = Pipeline::for_tests(measuring().idempotency(panicking));
    let event = event(&[record("m-1", "x")]);
    run_again(&pipeline, &event).await;
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
}

/// A value that no JSON can say is no reason to do the work again.
#[tokio::test]
async fn a_value_that_cannot_be_serialised_is_still_a_success() {
    let replays = Replays::default();
    let consumer = Consumer::new(|| async {
        let keys = std::collections::BTreeMap::from([(vec![1], 2)]);
        Ok::<_, Failure>(keys)
    });
    let pipeline = Pipeline::for_tests(consumer.idempotency(telling(&replays).keep_results(100)));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    run_again(&pipeline, &event).await;
    assert_eq!(replays.lock().expect("no panic").as_slice(), [("m-1".to_owned(), StoredResult::Omitted)]);
}
