//! Pieces of work that are done once, inside a handler and outside.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{join, pending},
};
use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    claim::{IdempotencyKey, Key, Mode, OnceError},
    run::Pipeline,
    testkit::ManualClock,
};

use crate::support::{event, outcomes, record, run_again};

fn key() -> IdempotencyKey {
    IdempotencyKey::derive("steps", &[b"invoice", b"A-1"])
}

#[tokio::test]
async fn the_first_success_is_everybodys_value() {
    let (idempotency, runs) = (Idempotency::memory(), Cell::new(0));
    let once = async |fails| {
        let work = async {
            runs.set(runs.get() + 1);
            if fails { Err("asked to fail") } else { Ok(format!("run {}", runs.get())) }
        };
        idempotency.once(&key(), work).await
    };
    assert!(matches!(once(true).await, Err(OnceError::Work("asked to fail"))));
    let done = once(false).await.expect("the key is free again");
    assert_eq!((done.value.as_str(), done.is_replay), ("run 2", false));
    let again = once(true).await.expect("done before");
    assert_eq!((again.value.as_str(), again.is_replay), ("run 2", true));
}

#[tokio::test]
async fn while_one_works_another_is_told_so() {
    let idempotency = Idempotency::memory();
    let first = async {
        let work = async {
            let other = idempotency.once(&key(), async { Ok::<(), String>(()) }).await;
            assert!(matches!(other, Err(OnceError::InProgress { lease_expires_at_ms }) if lease_expires_at_ms > 0));
            Ok::<(), String>(())
        };
        idempotency.once(&key(), work).await
    };
    assert!(!first.await.expect("free").is_replay);
}

#[tokio::test]
async fn a_panic_frees_the_key() {
    let idempotency = Idempotency::memory();
    let panicking = async {
        let work = async { std::panic::resume_unwind(Box::new("asked to panic")) };
        idempotency
            .once(&key(), work)
            .await
            .map(|once: sqs_runtime::claim::Once<()>| once.value)
            .map_err(|error: OnceError<String>| error)
    };
    assert!(std::panic::AssertUnwindSafe(panicking).catch_unwind().await.is_err());
    assert!(idempotency.once(&key(), async { Ok::<(), String>(()) }).await.is_ok());
}

/// The consumer's clock is the extractor's.
#[tokio::test]
async fn work_that_outlives_its_lease_is_stopped_and_may_be_done_again() {
    let clock = ManualClock::new();
    let idempotency = Idempotency::memory().lease_duration(Duration::from_secs(5));
    let waiting = Consumer::new(|idempotency: Idempotency| async move {
        let once = idempotency.once(&key(), pending::<Result<(), String>>()).await;
        assert!(matches!(once, Err(OnceError::LeaseOver)), "{once:?}");
        let early = idempotency.once(&key(), async { Ok::<(), String>(()) }).await;
        assert!(matches!(early, Err(OnceError::InProgress { .. })), "the skew is not over");
    });
    let pipeline = Pipeline::for_tests(waiting.idempotency(idempotency).clock(clock.clone()));
    let event = event(&[record("m-1", "x")]);
    let moving = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(6));
    };
    let (report, ()) = join(run_again(&pipeline, &event), moving).await;
    assert_eq!(outcomes(&report), ["done"]);
}

/// One step of a handler that is tried again is not done again.
#[tokio::test]
async fn a_step_of_a_handler_that_failed_later_is_kept() {
    let (steps, runs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, tried) = (Arc::clone(&steps), Arc::clone(&runs));
    let consumer = Consumer::new(move |idempotency: Idempotency| {
        let (steps, runs) = (Arc::clone(&counted), Arc::clone(&tried));
        async move {
            let step = async { Ok::<_, Failure>(steps.fetch_add(1, SeqCst)) };
            let first = idempotency.once(&key(), step).await.map_err(|error| error.to_string())?;
            assert_eq!(first.value, 0);
            if runs.fetch_add(1, SeqCst) == 0 { Err("the second step failed".into()) } else { Ok::<(), Failure>(()) }
        }
    });
    let pipeline = Pipeline::for_tests(consumer.idempotency(Idempotency::memory()));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["retry"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!((steps.load(SeqCst), runs.load(SeqCst)), (1, 2));
}

#[tokio::test]
async fn a_value_that_was_too_large_is_named() {
    let idempotency = Idempotency::memory().once_bytes(4);
    let once = async || idempotency.once(&key(), async { Ok::<_, String>("longer than that".to_owned()) }).await;
    assert!(!once().await.expect("done now").is_replay);
    assert!(matches!(once().await, Err(OnceError::NoValue)));
}

/// The row of a step is never the message's: a step that is done does not answer for the message.
#[tokio::test]
async fn a_step_under_the_messages_own_key_is_still_a_step() {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        let (steps, mails) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, sent) = (Arc::clone(&steps), Arc::clone(&mails));
        let consumer = Consumer::new(move |key: IdempotencyKey, idempotency: Idempotency| {
            let (steps, mails) = (Arc::clone(&counted), Arc::clone(&sent));
            async move {
                idempotency.once(&key, async { Ok::<_, Failure>(steps.fetch_add(1, SeqCst)) }).await?;
                if mails.fetch_add(1, SeqCst) == 0 { Err(Failure::retry("the second step failed")) } else { Ok(()) }
            }
        });
        // The size of results is not that of steps.
        let idempotency = Idempotency::memory().mode(mode).key(Key::message_id()).keep_results(0);
        let pipeline = Pipeline::for_tests(consumer.idempotency(idempotency));
        let mut again = record("m-1", "x");
        again["attributes"]["ApproximateReceiveCount"] = serde_json::json!("2");
        assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "x")])).await), ["retry"], "{mode:?}");
        assert_eq!(outcomes(&run_again(&pipeline, &event(&[again])).await), ["done"], "{mode:?}");
        assert_eq!((steps.load(SeqCst), mails.load(SeqCst)), (1, 2), "{mode:?}");
    }
}

/// In an invocation of 15 minutes a step may take 90 s; the lease is the invocation's, not the 60 s of elsewhere.
#[tokio::test]
async fn the_lease_of_a_step_is_that_of_its_invocation() {
    let clock = ManualClock::new();
    let waiting = clock.clone();
    let consumer = Consumer::new(move |key: IdempotencyKey, idempotency: Idempotency| {
        let clock = waiting.clone();
        async move {
            let step = async {
                clock.sleep(Duration::from_secs(90)).await;
                Ok::<(), Failure>(())
            };
            idempotency.once(&key.step("slow"), step).await.map(drop).map_err(|error| error.to_string())
        }
    });
    let pipeline = Pipeline::for_tests(consumer.clock(clock.clone()));
    let running = pipeline.run_event(event(&[record("m-1", "x")]), pipeline.invocation(Some(Duration::from_secs(900))));
    let moving = async {
        for _ in 0..95 {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(1));
        }
    };
    let (report, ()) = join(running, moving).await;
    assert_eq!(outcomes(&report.expect("an SQS event")), ["done"]);
}

/// Whoever chooses the parts of a key, and knows another message's, cannot take that one's step for its own.
#[test]
fn no_parts_of_a_key_come_to_a_step_of_another() {
    let work = IdempotencyKey::derive("orders", &[b"m1"]);
    let hash = work.hash().to_owned();
    assert_ne!(work.step("mail"), IdempotencyKey::derive("orders", &[b"step", hash.as_bytes(), b"mail"]));
    assert_ne!(work.step("mail"), work.step("card"));
    assert_ne!(work.step("mail").step("card"), work.step("card").step("mail"));
}
