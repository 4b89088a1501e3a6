//! A store that does not answer is spared.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::FutureExt;
use serde_json::Value;
use sqs_runtime::{
    Idempotency,
    claim::{Key, Mode},
    queue::Queue,
    run::{Pipeline, Report},
    testkit::{ManualClock, RecordingQueue, RecordingStore},
};

use super::{
    Wrong, counting,
    modes::{asked, redelivered},
};
use crate::support::{event, outcomes, reasons, record, run_again};

async fn deliver(pipeline: &Pipeline, record: Value) -> Report {
    run_again(pipeline, &event(&[record])).await
}

/// What has no answer for five messages has none for the others of their batch: they are not asked for, and stay hidden like those.
#[tokio::test]
async fn after_five_claims_without_an_answer_the_rest_of_the_batch_fails_at_once() {
    for wrong in [Wrong::Unavailable, Wrong::Unknown] {
        let (store, runs, told) = (RecordingStore::new(wrong), Arc::default(), Arc::new(RecordingQueue::new()));
        let consumer = counting(&runs).idempotency(Idempotency::new(store.clone())).queue(Queue::new(told));
        let pipeline = Pipeline::for_tests(consumer.concurrency(1).clock(ManualClock::new()));
        let records: Vec<_> = (0..20).map(|n| record(&format!("m-{n}"), "x")).collect();
        let report = run_again(&pipeline, &event(&records)).await;
        assert_eq!((outcomes(&report), runs.load(SeqCst)), (vec!["retry"; 20], 0), "{wrong:?}");
        assert_eq!(asked(&store), ["claim"; 5], "{wrong:?}");
        let spared = reasons(&report).iter().filter(|reason| reason.contains("was not asked again")).count();
        assert_eq!(spared, 15, "{wrong:?}");
        let minute = Duration::from_secs(60);
        for record in report.records() {
            assert!(
                record.last_word.hidden_for().is_some_and(|time| (minute..=minute * 3 / 2).contains(&time)),
                "{record:?}"
            );
        }
    }
}

/// However it fails: a claim that may have landed has no answer either.
#[tokio::test]
async fn a_store_that_does_not_answer_is_down() {
    for (wrong, is_down) in [(Wrong::Unavailable, true), (Wrong::Unknown, true), (Wrong::Corrupt, false)] {
        let pipeline = Pipeline::for_tests(counting(&Arc::default()).idempotency(Idempotency::new(wrong)));
        let report = deliver(&pipeline, record("m-1", "x")).await;
        assert_eq!((outcomes(&report), report.is_store_down()), (vec!["retry"], is_down), "{wrong:?}");
    }
}

/// A read that is refused is then all that tells of the store, and a read finds out that it is back.
#[tokio::test]
async fn where_nothing_is_claimed_reads_tell_of_the_store() {
    for mode in [Mode::CommitOnly, Mode::MarkAfter] {
        let is_away: &AtomicBool = Box::leak(Box::new(AtomicBool::new(true)));
        let (store, clock) = (RecordingStore::new(Wrong::Away(is_away)), ManualClock::new());
        let idempotency = Idempotency::new(store.clone()).mode(mode).run_unguarded(true);
        let consumer = counting(&Arc::default()).idempotency(idempotency).clock(clock.clone());
        let pipeline = Pipeline::for_tests(consumer);
        for n in 0..5 {
            let report = deliver(&pipeline, redelivered(record(&format!("m-{n}"), "x"))).await;
            assert_eq!((outcomes(&report), asked(&store)), (vec!["retry"], vec!["read", "mark"]), "{mode:?}, {n}");
        }
        // Open: nothing is asked, before or after.
        for record in [redelivered(record("m-5", "x")), record("m-6", "x")] {
            let report = deliver(&pipeline, record).await;
            assert_eq!((outcomes(&report), asked(&store)), (vec!["done"], vec![]), "{mode:?}");
            assert_eq!(report.unguarded(), 1);
        }
        is_away.store(false, SeqCst);
        clock.advance(Duration::from_secs(5));
        for (id, asks) in [("m-7", vec!["read", "mark"]), ("m-8", vec!["mark"])] {
            let report = deliver(&pipeline, record(id, "x")).await;
            assert_eq!((outcomes(&report), asked(&store), report.unguarded()), (vec!["done"], asks, 0), "{mode:?}");
        }
    }
}

/// What is settled without a question may let others start, which must not wait for an answer that nobody was asked for.
#[tokio::test]
async fn siblings_are_settled_one_after_the_other_where_nothing_is_asked() {
    let is_away: &AtomicBool = Box::leak(Box::new(AtomicBool::new(true)));
    let idempotency = Idempotency::new(Wrong::Away(is_away)).key(Key::pointer("/order").same_body());
    let pipeline = Pipeline::for_tests(counting(&Arc::default()).idempotency(idempotency));
    for n in 0..5 {
        deliver(&pipeline, record(&format!("m-{n}"), r#"{"order":1}"#)).await;
    }
    let siblings: Vec<_> = (5..8).map(|n| record(&format!("m-{n}"), r#"{"order":1}"#)).collect();
    let siblings = event(&siblings);
    let report = run_again(&pipeline, &siblings).now_or_never().expect("nothing is waited for");
    assert_eq!(outcomes(&report), ["retry", "retry", "retry"]);
}

/// Where a claim follows, that is what counts.
#[tokio::test]
async fn a_store_that_refuses_reads_alone_is_claimed_in() {
    let runs = Arc::new(AtomicUsize::new(0));
    let idempotency = Idempotency::new(Wrong::Unreadable).run_unguarded(true);
    let pipeline = Pipeline::for_tests(counting(&runs).idempotency(idempotency));
    let records: Vec<_> = (0..10).map(|n| redelivered(record(&format!("m-{n}"), "x"))).collect();
    assert_eq!(run_again(&pipeline, &event(&records)).await.unguarded(), 0);
    assert_eq!(runs.load(SeqCst), 10);
}

/// Those that run last, one at a time, would each wait for a store that is gone.
#[tokio::test]
async fn a_store_that_went_away_is_not_asked_for_each_suspect() {
    let store = RecordingStore::new(Wrong::Unclaimable);
    let pipeline = Pipeline::for_tests(counting(&Arc::default()).idempotency(Idempotency::new(store.clone())));
    let records: Vec<_> = (0..20).map(|n| redelivered(record(&format!("m-{n}"), "x"))).collect();
    assert_eq!(outcomes(&run_again(&pipeline, &event(&records)).await), ["retry"; 20]);
    assert_eq!(store.calls().iter().filter(|call| call.operation == "claim").count(), 5);
}
