//! Messages in, runs, deletes out.

use sqs_runtime::run::WorkerConfig;

use super::{Site, once, seconds};

#[tokio::test(start_paused = true)]
async fn every_message_runs_once_and_is_deleted() {
    let site = Site::standard();
    site.send((0..95).map(|n| format!("1 {n}")));
    let handle = site.drain(site.consumer().idempotency(once()).concurrency(40)).await;
    let stats = handle.stats();
    assert_eq!((site.ran.started(), site.ran.finished(), site.queue.len()), (95, 95, 0));
    assert_eq!((stats.received, stats.done, stats.deleted, stats.in_flight), (95, 95, 95, 0));
    assert!(site.ran.most() <= 40, "{}", site.ran.most());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_longer_than_the_visibility_timeout_keeps_its_message() {
    let site = Site::standard();
    site.send(["600"]);
    let (handle, running) = site.start(site.consumer().idempotency(once()), WorkerConfig::new());
    site.pass(seconds(601)).await;
    assert_eq!((site.ran.started(), site.ran.finished(), site.queue.len()), (1, 1, 0));
    // Each beat comes at half of the time that the one before it bought.
    assert_eq!(handle.stats().beats, 600 / 30);
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_stays_hidden_for_its_backoff_and_no_beat_changes_that() {
    let site = Site::standard();
    site.send(["100 fail"]);
    let (handle, running) = site.start(site.consumer().idempotency(once()), WorkerConfig::new());
    site.pass(seconds(101)).await;
    let first = site.ran.started();
    assert_eq!((first, handle.stats().failed, site.queue.visible()), (1, 1, 0));
    // Full jitter from 30 s at the first receive: it comes back within that time.
    site.pass(seconds(31)).await;
    assert_eq!(site.ran.started(), 2);
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_costs_one_receive_in_twenty_seconds() {
    let site = Site::standard();
    let (handle, running) = site.start(site.consumer().idempotency(once()).concurrency(100), WorkerConfig::new());
    site.pass(seconds(3_600)).await;
    assert_eq!(site.queue.receives(), 3_600 / 20);
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_finished_at_a_stop_and_what_does_not_is_given_back_visible() {
    let site = Site::standard();
    site.send((0..30).map(|n| format!("10 {n}")));
    let (handle, running) = site.start(site.consumer().idempotency(once()).concurrency(10), WorkerConfig::new());
    site.pass(seconds(5)).await;
    handle.stop();
    running.await.unwrap();
    assert_eq!((site.ran.started(), site.ran.finished()), (10, 10));
    assert_eq!((site.queue.len(), site.queue.visible()), (20, 20));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_finish_in_time_is_stopped_and_not_deleted() {
    let site = Site::standard();
    site.send((0..10).map(|n| format!("1000 {n}")));
    let (handle, running) = site.start(site.consumer().idempotency(once()), WorkerConfig::new());
    site.pass(seconds(100)).await;
    handle.stop();
    let before = sqs_runtime::Clock::monotonic(&site.clock);
    running.await.unwrap();
    let took = sqs_runtime::Clock::monotonic(&site.clock) - before;
    assert!(took <= seconds(25), "{took:?}");
    assert_eq!((site.ran.started(), site.ran.finished(), site.queue.len()), (10, 0, 10));
    assert_eq!(site.ran.running.load(std::sync::atomic::Ordering::SeqCst), 0);
}
