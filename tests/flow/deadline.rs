//! The deadline: nothing starts late, what runs is stopped and awaited, the answer leaves in time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use sqs_runtime::{
    Clock, Consumer, SystemClock,
    extract::Body,
    run::{Pipeline, Report},
};

use crate::support::{event, outcomes, reasons, record, returned, run_again};

const TIME: Duration = Duration::from_secs(10);
/// The larger of 1 s and 5 %.
const RESERVE: Duration = Duration::from_secs(1);

/// Sleeps for as many milliseconds as the body says.
async fn sleep(body: Body) {
    let milliseconds = body.parse().expect("a number");
    SystemClock::new().sleep(Duration::from_millis(milliseconds)).await;
}

async fn within(pipeline: &Pipeline, time: Duration, event: &str) -> (Report, Duration) {
    let clock = SystemClock::new();
    let report = pipeline.run_event(event, pipeline.invocation(Some(time))).await.expect("an SQS event");
    (report, clock.monotonic())
}

#[tokio::test(start_paused = true)]
async fn what_runs_too_long_is_stopped_at_the_reserve() {
    let pipeline = Pipeline::for_tests(Consumer::new(sleep));
    let (report, took) = within(&pipeline, TIME, &event(&[record("m-1", "60000"), record("m-2", "8999")])).await;
    assert_eq!(outcomes(&report), ["retry", "done"]);
    assert_eq!(reasons(&report)[0], "stopped: the invocation's time ran out");
    assert_eq!(took.as_millis(), (TIME - RESERVE).as_millis());
    // Stopped, not released: its effects may still be landing.
    let again = run_again(&pipeline, &event(&[record("m-1", "60000")])).await;
    assert_eq!(outcomes(&again), ["in progress elsewhere"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_within_the_reserve() {
    let consumer = Consumer::new(sleep).concurrency(1);
    let records = [record("m-1", "8000"), record("m-2", "2000"), record("m-3", "0"), record("m-4", "0")];
    let (report, _) = within(&Pipeline::for_tests(consumer), TIME, &event(&records)).await;
    assert_eq!(outcomes(&report), ["done", "retry", "not started", "not started"]);
    assert_eq!(reasons(&report)[2], "too little time was left to start");
    assert_eq!(returned(&report), ["m-2", "m-3", "m-4"]);
    assert_eq!(report.records().map(|record| record.runs).collect::<Vec<_>>(), [1, 1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_shares_the_fate_of_what_was_stopped() {
    let pipeline = Pipeline::for_tests(Consumer::new(sleep));
    let (report, _) = within(&pipeline, TIME, &event(&[record("m-1", "60000"), record("m-1", "60000")])).await;
    assert_eq!(outcomes(&report), ["retry", "retry"]);
    assert_eq!(returned(&report), ["m-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_of_time_is_enough_to_start_something() {
    let pipeline = Pipeline::for_tests(Consumer::new(sleep));
    let (report, _) =
        within(&pipeline, Duration::from_secs(1), &event(&[record("m-1", "400"), record("m-2", "600")])).await;
    assert_eq!(outcomes(&report), ["done", "retry"]);
}

#[tokio::test(start_paused = true)]
async fn no_handler_runs_behind_the_answer() {
    let beats = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&beats);
    let consumer = Consumer::new(move || {
        let beats = Arc::clone(&counted);
        async move {
            while beats.load(SeqCst) < usize::MAX {
                SystemClock::new().sleep(Duration::from_millis(10)).await;
                beats.fetch_add(1, SeqCst);
            }
        }
    });
    let (report, _) = within(&Pipeline::for_tests(consumer), TIME, &event(&[record("m-1", "x")])).await;
    assert_eq!(outcomes(&report), ["retry"]);
    let at_the_answer = beats.load(SeqCst);
    SystemClock::new().sleep(Duration::from_secs(60)).await;
    assert_eq!(beats.load(SeqCst), at_the_answer);
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_nothing_is_stopped() {
    let pipeline = Pipeline::for_tests(Consumer::new(sleep));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", "3600000")])).await), ["done"]);
}

/// Real threads and real time: a handler that blocks its thread cannot be stopped, only left behind. With as many of them
/// as worker threads less one, the answer still leaves in time.
#[test]
fn handlers_that_do_not_yield_cannot_hold_back_the_answer() {
    const WORKERS: usize = 4;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.expect("threads");
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(gate));
    let blocking = Arc::clone(&gate);
    let consumer = Consumer::new(move |body: Body| {
        let gate = Arc::clone(&blocking);
        async move {
            if body.as_str() == "block" {
                // Blocks until the test is over.
                let _ = gate.lock().expect("no panic").recv();
            }
        }
    });
    let mut records: Vec<_> = (1..WORKERS).map(|n| record(&format!("blocking-{n}"), "block")).collect();
    records.push(record("m-1", "x"));
    let pipeline = Pipeline::for_tests(consumer);
    let clock = SystemClock::new();
    let invocation = pipeline.invocation(Some(Duration::from_secs(2)));
    let report = runtime.block_on(async {
        // As on Lambda with several invocations at a time: the batch itself is driven by a worker thread.
        let driven = pipeline.clone();
        let (told, heard) = tokio::sync::oneshot::channel();
        let event = event(&records);
        sqs_runtime::run::Spawn::spawn(
            &sqs_runtime::run::TokioSpawn,
            Box::pin(async move {
                let report = driven.run_event(event, invocation).await.expect("an SQS event");
                let _ = told.send(report);
            }),
        );
        heard.await.expect("answered")
    });
    assert!(clock.monotonic() < Duration::from_secs(2), "the answer was late: {:?}", clock.monotonic());
    assert_eq!(outcomes(&report), ["retry", "retry", "retry", "done"]);
    assert!(reasons(&report)[0].starts_with("the handler did not yield"), "{:?}", reasons(&report));
    drop(open);
    runtime.shutdown_background();
}
