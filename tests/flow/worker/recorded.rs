//! What a worker receives, as files.

use std::sync::Arc;

use sqs_runtime::{
    Consumer, SystemClock,
    batch::Batch,
    run::{Worker, WorkerConfig},
    testkit::{MemoryQueue, QueueSettings, SentMessage},
};

use crate::lambda::record::Folder;

/// In real time, since files are written in it.
#[tokio::test]
async fn each_receive_is_kept_as_the_event_of_an_invocation() {
    for (name, redacts, body) in [("worker", false, "text of 8 bytes"), ("worker-redacts", true, "order 1")] {
        let folder = Folder::new(name);
        let queue = Arc::new(MemoryQueue::new(QueueSettings::new("orders"), SystemClock::new()));
        queue.enqueue(SentMessage::new("secret 1"));
        let config = WorkerConfig::new().queue(queue.arn()).record_events(folder.path());
        let config = if redacts { config.record_bodies(|body| body.replace("secret", "order")) } else { config };
        let consumer = Consumer::new(|| async {}).without_idempotency();
        let worker = tokio::spawn(Worker::new(consumer, Arc::clone(&queue), config).unwrap().run());

        let batch = Batch::from_json(folder.event().await).unwrap();

        let record = batch.record(0).unwrap();
        assert_eq!((batch.len(), record.body(), record.receive_count()), (1, body, Some(1)));
        assert_eq!(record.receipt_handle(), Some("handle-1"));
        worker.abort();
    }
}
