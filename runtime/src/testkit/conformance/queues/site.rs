//! Where a client of a queue is tried.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};

use crate::{
    batch::{Batch, MessageAttribute, Record},
    queue::QueueClient,
    testkit::{MemoryQueue, QueueSettings, SentMessage, event::Event},
};

/// A queue with a dead-letter queue, and the client that is tried on them. The redrive policy names the dead-letter queue, with a
/// `maxReceiveCount` of 5 or more, and the visibility timeout is 30 s or more.
///
/// Yours to implement: what a later version adds here has a default.
pub trait Site: Send + Sync {
    /// The client.
    fn client(&self) -> &dyn QueueClient;

    /// The queue's Amazon Resource Name.
    fn arn(&self) -> String;

    /// Sends a message of that body; on a FIFO queue into a group of its own, with a deduplication id of its own.
    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, ()>;

    /// Receives at most ten messages without waiting, as the event of one batch.
    fn receive(&self) -> BoxFuture<'_, Batch>;

    /// Takes everything out of the dead-letter queue: each message's body and its attribute `OriginalMessageId`, on a standard queue
    /// in any order.
    fn take_dead_letters(&self) -> BoxFuture<'_, Vec<(String, Option<String>)>>;
}

/// The memory queue.
#[derive(Debug)]
pub struct MemorySite {
    queue: Arc<MemoryQueue>,
    taken: std::sync::atomic::AtomicUsize,
}

impl MemorySite {
    /// On this queue.
    #[must_use]
    pub fn new(queue: MemoryQueue) -> Self {
        Self { queue: Arc::new(queue), taken: Default::default() }
    }
}

impl Site for MemorySite {
    fn client(&self) -> &dyn QueueClient {
        &*self.queue
    }

    fn arn(&self) -> String {
        let QueueSettings { name, .. } = self.queue.settings();
        Event::standard(&name).queue_arn().to_owned()
    }

    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, ()> {
        self.queue.enqueue(SentMessage::new(body).group(body).deduplication_id(body));
        Box::pin(ready(()))
    }

    fn receive(&self) -> BoxFuture<'_, Batch> {
        let event = self.queue.receive(10).unwrap_or_else(|| Event::standard("none"));
        Box::pin(ready(event.to_batch()))
    }

    fn take_dead_letters(&self) -> BoxFuture<'_, Vec<(String, Option<String>)>> {
        let letters = self.queue.dead_letters();
        let taken = self.taken.swap(letters.len(), std::sync::atomic::Ordering::Relaxed);
        let original = |letter: &crate::queue::DeadLetter| {
            let known = letter.attributes().find(|(name, _)| *name == "OriginalMessageId");
            known.and_then(|(_, attribute)| MessageAttribute::as_str(attribute)).map(Into::into)
        };
        let letters = letters.iter().skip(taken).map(|letter| (letter.body().to_owned(), original(letter)));
        let letters = letters.collect();
        Box::pin(ready(letters))
    }
}

/// Sends messages of these bodies and receives them all, in the order of the bodies.
pub(super) async fn received(site: &impl Site, bodies: &[&str]) -> Vec<Record> {
    for body in bodies {
        site.send(body).await;
    }
    let mut records = Vec::new();
    // A standard queue may hand out fewer than there are.
    for _ in 0..20 {
        records.extend(site.receive().await.records().filter_map(Result::ok));
        if records.len() >= bodies.len() {
            break;
        }
    }
    let place = |record: &Record| bodies.iter().position(|body| *body == record.body());
    records.sort_by_key(place);
    let found: Vec<&str> = records.iter().map(Record::body).collect();
    if found != bodies {
        panic!("the site does not receive what was sent: {found:?} of {bodies:?}");
    }
    records
}

/// Deletes what a promise has left.
pub(super) async fn cleared(site: &impl Site, records: &[Record]) {
    for records in records.chunks(10) {
        let arn = site.arn();
        for answer in site.client().delete(crate::batch::QueueArn::new(&arn), records, None).await {
            if let Err(error) = answer {
                panic!("a message cannot be deleted by its latest receipt: {error}");
            }
        }
    }
}
