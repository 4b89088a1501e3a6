//! What a queue is set to, asked of a client that fails at it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, pending};
use sqs_runtime::{
    Clock, Consumer,
    batch::QueueArn,
    queue::{Queue, QueueAttributes, QueueClient, QueueError, RedrivePolicy},
    testkit::{
        RecordingQueue,
        event::{Event, Message},
        harness::Harness,
    },
};

use super::{copied, obey, orders, telling};
use crate::as_queue::as_its_queue;

/// How a client fails when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    PanicsAtOnce,
    PanicsLater,
    NeverAnswers,
}

/// A client that fails at first, and is asked so often.
struct Failing {
    fault: Mutex<Option<Fault>>,
    asked: AtomicUsize,
    queue: Arc<RecordingQueue>,
}

type Time = Option<Duration>;

impl QueueClient for Failing {
    as_its_queue!(change_visibility, send, delete);

    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        self.asked.fetch_add(1, SeqCst);
        let fault = *self.fault.lock().unwrap();
        assert_ne!(fault, Some(Fault::PanicsAtOnce), "it panics at once");
        Box::pin(async move {
            assert_ne!(fault, Some(Fault::PanicsLater), "it panics later");
            match fault {
                None => self.queue.attributes(queue, time).await,
                Some(_) => pending().await,
            }
        })
    }
}

fn failing(fault: Fault) -> (Arc<Failing>, Consumer) {
    let dead = "arn:aws:sqs:eu-west-1:123456789012:orders-dead";
    let queue = Arc::new(RecordingQueue::new().redrive_policy(RedrivePolicy::new(dead, 5)));
    let client = Arc::new(Failing { fault: Mutex::new(Some(fault)), asked: AtomicUsize::new(0), queue });
    let queue = Queue::new(Arc::clone(&client)).dead_letters_by_redrive_policy();
    (client, Consumer::new(obey).without_idempotency().queue(queue))
}

/// What the fault takes along is what the answer was good for, and no more; the next batch asks again.
#[tokio::test(start_paused = true)]
async fn a_client_that_fails_when_it_is_asked_fails_no_message() {
    for fault in [Fault::PanicsAtOnce, Fault::PanicsLater, Fault::NeverAnswers] {
        let (client, consumer) = failing(fault);
        let harness = Harness::new(consumer).deadline(Duration::from_secs(20));
        let before = harness.clock().monotonic();
        let delivered = harness.deliver(&orders(&["ok", "reject"])).await;
        delivered.assert_done("ok").assert_returned(["reject"]);
        let took = harness.clock().monotonic() - before;
        let most = if fault == Fault::NeverAnswers { Duration::from_secs(5) } else { Duration::ZERO };
        assert_eq!((took, copied(&client.queue)), (most, Vec::new()), "{fault:?}");
        *client.fault.lock().unwrap() = None;
        for _ in 0..2 {
            harness.deliver(&orders(&["reject"])).await.assert_dead_lettered("reject");
        }
        assert_eq!(client.asked.load(SeqCst), 2, "{fault:?}");
    }
}

/// However much time there is, and where none is known.
#[tokio::test(start_paused = true)]
async fn no_batch_waits_long_for_an_answer() {
    for time in [None, Some(Duration::from_secs(900))] {
        let harness = Harness::new(failing(Fault::NeverAnswers).1);
        let harness = match time {
            None => harness,
            Some(time) => harness.deadline(time),
        };
        let before = harness.clock().monotonic();
        harness.deliver(&orders(&["ok"])).await.assert_done("ok");
        assert_eq!(harness.clock().monotonic() - before, Duration::from_secs(10), "{time:?}");
    }
}

/// Lambda sends no such event, but whoever invokes by hand may: each queue has a policy of its own.
#[tokio::test]
async fn of_records_of_several_queues_each_queue_is_asked() {
    let dead = "arn:aws:sqs:eu-west-1:123456789012:orders-dead";
    let told = Arc::new(RecordingQueue::new().redrive_policy(RedrivePolicy::new(dead, 5)));
    let harness = Harness::new(telling(&told, Queue::dead_letters_by_redrive_policy));
    let other = Event::standard("webhooks").message(Message::text("reject").id("other"));
    let both = format!(r#"{{"Records":[{},{}]}}"#, only_record(&orders(&["reject"])), only_record(&other));
    harness.deliver(&Event::from_json(&both).expect("an SQS event")).await.assert_returned([]);
    assert_eq!((copied(&told).len(), told.questions()), (2, 2));
}

fn only_record(event: &Event) -> String {
    serde_json::from_str::<serde_json::Value>(&event.to_json()).expect("JSON")["Records"][0].to_string()
}
