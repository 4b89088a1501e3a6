//! Messages in hand stay hidden, and what is lost is let go.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqs_runtime::{
    batch::{QueueArn, Record},
    queue::{
        EntryAnswer, OpenQueue, QueueClient, QueueError, QueueName, QueueSource, ReceiveRequest, ReceivedMessage,
        VisibilityChange,
    },
    run::{Worker, WorkerConfig},
    testkit::MemoryQueue,
};

use super::{Site, once, seconds};
use crate::as_queue::as_its_queue;

/// What goes wrong with a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Changes of visibility are not answered in any good sense.
    NoBeats,
    /// Deletes are done and not confirmed.
    DeletesUnconfirmed,
    /// Deletes fail.
    NoDeletes,
    /// Whatever is hidden once more is told to be lost.
    Lost,
    /// Calls about messages never end.
    Hangs,
    /// Receives are denied.
    Denied,
}

struct Faulty {
    queue: Arc<MemoryQueue>,
    fault: Fault,
}

type Time = Option<std::time::Duration>;

fn each<T>(entries: &[T], error: fn() -> QueueError) -> Vec<EntryAnswer> {
    entries.iter().map(|_| Err(error())).collect()
}

impl QueueClient for Faulty {
    as_its_queue!(attributes, send);

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        match self.fault {
            Fault::NoBeats => Box::pin(async { each(changes, || QueueError::new("no answer")) }),
            Fault::Lost => Box::pin(async { each(changes, || QueueError::lost("MessageNotInflight")) }),
            Fault::Hangs => Box::pin(std::future::pending()),
            _ => self.queue.change_visibility(queue, changes, time),
        }
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        match self.fault {
            Fault::NoDeletes => Box::pin(async { each(records, || QueueError::new("no answer")) }),
            Fault::DeletesUnconfirmed => Box::pin(async move {
                self.queue.delete(queue, records, time).await;
                each(records, || QueueError::new("no answer"))
            }),
            Fault::Hangs => Box::pin(std::future::pending()),
            _ => self.queue.delete(queue, records, time),
        }
    }
}

impl QueueSource for Faulty {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        self.queue.open(queue)
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        match self.fault {
            Fault::Denied => Box::pin(async { Err(QueueError::denied("AccessDenied")) }),
            _ => self.queue.receive(queue, request),
        }
    }
}

impl Site {
    fn faulty(&self, fault: Fault) -> Worker {
        let source = Faulty { queue: Arc::clone(&self.queue), fault };
        let consumer = self.consumer().idempotency(once()).concurrency(10);
        Worker::new(consumer, source, WorkerConfig::new().queue(self.queue.arn())).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_lost_is_stopped_and_neither_hidden_nor_deleted() {
    for fault in [Fault::Lost, Fault::NoBeats, Fault::Hangs] {
        let site = Site::standard();
        site.send(["100"]);
        let worker = site.faulty(fault);
        let handle = worker.handle();
        let running = tokio::spawn(worker.run());
        site.pass(seconds(62)).await;
        // Before anybody else can receive it.
        assert_eq!(handle.stats().lost, 1);
        assert_eq!(site.ran.running.load(std::sync::atomic::Ordering::SeqCst), 0);
        assert_eq!((handle.stats().done, handle.stats().deleted, site.queue.len()), (0, 0, 1));
        handle.end();
        running.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_and_comes_again_is_deleted_and_not_run() {
    let site = Site::standard();
    site.send(["1"]);
    let source = Faulty { queue: Arc::clone(&site.queue), fault: Fault::NoDeletes };
    // Nothing but the worker's own memory knows that it is done.
    let consumer = site.consumer().without_idempotency();
    let worker = Worker::new(consumer, source, WorkerConfig::new().queue(site.queue.arn())).unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    site.pass(seconds(200)).await;
    assert!(handle.stats().received >= 3, "{:?}", handle.stats());
    assert_eq!((site.ran.started(), handle.stats().deleted, site.queue.len()), (1, 0, 1));
    handle.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_not_confirmed_is_asked_for_again_and_no_more_than_six_times() {
    let site = Site::standard();
    site.send(["1"]);
    let worker = site.faulty(Fault::DeletesUnconfirmed);
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    site.pass(seconds(120)).await;
    assert_eq!((site.ran.started(), site.queue.len(), handle.stats().deleted), (1, 0, 0));
    handle.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_may_not_be_received_from_ends_the_start_with_an_error() {
    let site = Site::standard();
    let error = site.faulty(Fault::Denied).run().await.unwrap_err();
    assert!(error.is_queue(), "{error}");
    assert!(error.to_string().contains("AccessDenied"), "{error}");
    let elsewhere = WorkerConfig::new().queue("arn:aws:sqs:eu-west-1:123456789012:elsewhere");
    let worker = Worker::new(site.consumer().idempotency(once()), Arc::clone(&site.queue), elsewhere).unwrap();
    assert!(worker.run().await.unwrap_err().is_queue());
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_answer_the_deletes_does_not_hold_up_a_stop() {
    let site = Site::standard();
    site.send(["1"]);
    let worker = site.faulty(Fault::Hangs);
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    site.pass(seconds(5)).await;
    handle.stop();
    let before = sqs_runtime::Clock::monotonic(&site.clock);
    running.await.unwrap().unwrap();
    assert!(sqs_runtime::Clock::monotonic(&site.clock) - before <= seconds(25));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_stopped_and_its_message_backs_off() {
    let site = Site::standard();
    site.send(["1000"]);
    let config = WorkerConfig::new().max_duration(seconds(100));
    let (handle, running) = site.start(site.consumer().idempotency(once()), config);
    site.pass(seconds(101)).await;
    assert_eq!(site.ran.running.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!((handle.stats().failed, handle.stats().lost, site.queue.visible()), (1, 0, 0));
    handle.end();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_worker_left_behind_runs_again_one_message_at_a_time() {
    let site = Site::standard();
    site.send((0..10).map(|n| format!("5 {n}")));
    let rows = once();
    let (handle, running) = site.start(site.consumer().idempotency(rows.clone()), WorkerConfig::new());
    site.pass(seconds(1)).await;
    handle.end();
    running.await.unwrap();
    assert_eq!((site.ran.started(), site.ran.finished()), (10, 0));
    // Any of them may have ended the process.
    site.ran.most.store(0, std::sync::atomic::Ordering::SeqCst);
    let (handle, running) = site.start(site.consumer().idempotency(rows), WorkerConfig::new());
    site.pass(seconds(130)).await;
    assert_eq!((site.ran.finished(), site.ran.most(), site.queue.len()), (10, 1, 0), "{:?}", handle.stats());
    handle.stop();
    running.await.unwrap();
}

/// Those run one after the other: what is over before its turn comes must not keep the next one waiting for ever.
#[tokio::test(start_paused = true)]
async fn suspects_that_are_lost_before_their_turn_are_all_let_go() {
    let site = Site::standard();
    site.send(["70", "1", "1"]);
    for _ in 0..2 {
        let request = ReceiveRequest::new(10, seconds(0), seconds(1));
        assert_eq!(site.queue.receive(QueueArn::new(&site.queue.arn()), request).await.unwrap().len(), 3);
        site.pass(seconds(1)).await;
    }
    let source = Faulty { queue: Arc::clone(&site.queue), fault: Fault::NoBeats };
    let consumer = site.consumer().without_idempotency().concurrency(3);
    let worker = Worker::new(consumer, source, WorkerConfig::new().queue(site.queue.arn())).unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    site.pass(seconds(62)).await;
    // All came again, since all permits are free.
    assert_eq!((handle.stats().received, handle.stats().lost), (6, 3));
    handle.end();
    running.await.unwrap().unwrap();
}
