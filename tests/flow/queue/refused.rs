//! What a queue refuses, or does not answer: said once for each kind of call, and waited for no longer than it is worth.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};
use serde_json::Value;
use sqs_runtime::{
    Clock,
    batch::{QueueArn, Record},
    queue::{EntryAnswer, Queue, QueueClient, QueueError},
    testkit::{
        QueueCall, RecordingQueue,
        event::{Event, Message},
        harness::Harness,
    },
};
use tracing::Level;

use super::{copied, obey, orders, telling};
use crate::{as_queue::as_its_queue, support::logged};

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:ledger-dead.fifo";

/// Which permission is missing is what has to be mended: one that is said must not hide the others.
#[test]
fn a_missing_permission_is_said_once_for_each_kind_of_call() {
    let written = logged(Level::WARN, async {
        let denied = Arc::new(RecordingQueue::new().denied());
        let harness = Harness::new(telling(&denied, |queue| queue.dead_letter_queue(DEAD).acknowledge_explicitly()));
        let message = |body: &str| Message::text(body).id(body).group(body);
        let event = || Event::fifo("ledger").messages(["ok", "fail", "reject"].map(message));
        for _ in 0..3 {
            harness.deliver(&event()).await;
        }
    });
    let lines: Vec<Value> = written.text().lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    let said =
        lines.iter().filter(|line| line["message"].as_str().is_some_and(|text| text.contains("may not be told")));
    let mut said: Vec<&str> = said.filter_map(|line| line["what"].as_str()).collect();
    said.sort_unstable();
    let calls =
        ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "SendMessage to the dead-letter queue"];
    assert_eq!(said, calls);
}

/// A client of one's own may never end. However much time there is, and where none is known.
#[tokio::test(start_paused = true)]
async fn no_batch_waits_long_for_a_client_that_never_answers() {
    const CALL: u64 = 10;
    let aside = |body: &str| Message::text(body).id(body).receive_count(3);
    for time in [None, Some(Duration::from_secs(900))] {
        for (event, calls) in [
            (orders(&["fail"]), 1),
            // The copy, and what is told at the end.
            (orders(&["reject"]), 2),
            // The delete before a message that may end the process.
            (orders(&["ok"]).message(aside("ok aside").id("aside")), 2),
        ] {
            let told = Arc::new(RecordingQueue::new().silent());
            let harness = Harness::new(telling(&told, |queue| queue.dead_letter_queue(DEAD)));
            let harness = match time {
                None => harness,
                Some(time) => harness.deadline(time),
            };
            let before = harness.clock().monotonic();
            harness.deliver(&event).await;
            let took = harness.clock().monotonic() - before;
            assert_eq!(took, Duration::from_secs(calls * CALL), "{time:?}: {event:?}");
        }
    }
}

/// A queue that does not delete at first.
struct Reluctant {
    refusals: AtomicUsize,
    queue: Arc<RecordingQueue>,
}

impl QueueClient for Reluctant {
    as_its_queue!(attributes, change_visibility, send);

    fn delete<'a>(
        &'a self,
        queue: QueueArn<'a>,
        records: &'a [Record],
        time: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        if self.refusals.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            return self.queue.delete(queue, records, time);
        }
        Box::pin(ready(records.iter().map(|_| Err(QueueError::new("not now"))).collect()))
    }
}

/// Where the consumer deletes by itself, nobody else will.
#[tokio::test]
async fn what_was_not_deleted_before_a_suspect_is_deleted_at_the_end() {
    for (refusals, deleted) in [(0, 1), (1, 1), (2, 0)] {
        let told = Arc::new(RecordingQueue::new());
        let client = Reluctant { refusals: AtomicUsize::new(refusals), queue: Arc::clone(&told) };
        let consumer = sqs_runtime::Consumer::new(obey).without_idempotency();
        let harness = Harness::new(consumer.queue(Queue::new(client).acknowledge_explicitly()));
        let event = orders(&["ok"]).message(Message::text("fail").id("suspect").receive_count(3));
        harness.deliver(&event).await.assert_done("ok").assert_runs("suspect", 1);
        let deletes = |calls: Vec<QueueCall>| calls.into_iter().filter(|call| matches!(call, QueueCall::Delete { .. }));
        assert_eq!(deletes(told.calls()).count(), deleted, "{refusals}");
        assert_eq!(copied(&told), [""; 0]);
    }
}
