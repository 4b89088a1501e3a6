//! The seam to the queue, and its recording double.

use std::time::Duration;

use sqs_runtime::{
    batch::{Batch, Record},
    queue::{DeadLetter, Entry, QueueClient, VisibilityChange},
    testkit::{QueueCall, RecordingQueue},
};

use crate::support::{event, record};

fn received(id: &str) -> Record {
    Batch::from_json(event(&[record(id, "x")])).expect("an SQS event").record(0).expect("well-formed")
}

#[tokio::test]
async fn the_double_remembers_in_order_and_answers_each_entry() {
    let queue = RecordingQueue::new();
    let (one, other) = (received("m-1"), received("m-2"));
    let timeout = Duration::from_secs(30);
    let changes = [&one, &other].map(|record| VisibilityChange { record: record.clone(), timeout });
    let letter = DeadLetter { record: one.clone(), reason: "declined".into() };
    assert_eq!(queue.change_visibility(&changes).await.len(), 2);
    assert_eq!(queue.send_to_dead_letter(&[letter]).await.len(), 1);
    assert!(queue.delete(&[Entry { record: one }]).await.iter().all(Result::is_ok));
    let message_id = || "m-1".to_owned();
    assert_eq!(
        queue.calls(),
        [
            QueueCall::ChangeVisibility { message_id: message_id(), timeout },
            QueueCall::ChangeVisibility { message_id: "m-2".into(), timeout },
            QueueCall::SendToDeadLetter { message_id: message_id(), reason: "declined".into() },
            QueueCall::Delete { message_id: message_id() },
        ]
    );
}
