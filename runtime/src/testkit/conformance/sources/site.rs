//! Where a source of messages is tried.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};

use crate::{
    batch::{Batch, QueueArn, Record},
    queue::{QueueSource, ReceiveRequest, ReceivedMessage, event_of},
    testkit::{ManualClock, MemoryQueue, SentMessage},
};

/// A queue, and the source that is tried on it. It has a redrive policy with a `maxReceiveCount` of 5 or more, and its visibility
/// timeout is 30 s or more.
///
/// Yours to implement: what a later version adds here has a default.
pub trait Site: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn QueueSource;

    /// The queue's Amazon Resource Name.
    fn arn(&self) -> String;

    /// Its URL, where the source finds queues by that too. Default none.
    fn url(&self) -> Option<String> {
        None
    }

    /// Sends a message as it is; on a FIFO queue it has a group and a deduplication id.
    fn send(&self, message: SentMessage) -> BoxFuture<'_, ()>;

    /// Whether the queue knows an attempt to receive by its name, as SQS's FIFO queues do and not every stand-in for them. Default yes.
    fn knows_attempts(&self) -> bool {
        true
    }

    /// Lets so much time pass by the queue's clock: moves it, or waits.
    fn pass(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// The memory queue.
#[derive(Debug)]
pub struct MemorySite {
    queue: MemoryQueue,
    clock: ManualClock,
}

impl MemorySite {
    /// On this queue, whose clock that is.
    #[must_use]
    pub fn new(queue: MemoryQueue, clock: ManualClock) -> Self {
        Self { queue, clock }
    }
}

impl Site for MemorySite {
    fn source(&self) -> &dyn QueueSource {
        &self.queue
    }

    fn arn(&self) -> String {
        self.queue.arn()
    }

    fn url(&self) -> Option<String> {
        Some(format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{}", self.queue.settings().name))
    }

    fn send(&self, message: SentMessage) -> BoxFuture<'_, ()> {
        self.queue.enqueue(message);
        Box::pin(ready(()))
    }

    fn pass(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.clock.advance(time);
        Box::pin(ready(()))
    }
}

/// Long enough that nothing comes back while a promise looks.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) fn is_fifo(site: &impl Site) -> bool {
    site.arn().ends_with(".fifo")
}

/// Sends a message, on a FIFO queue in a group of its own.
pub(super) async fn send(site: &impl Site, message: SentMessage) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let own = format!("own-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    site.send(if is_fifo(site) { message.group(&*own).deduplication_id(own) } else { message }).await;
}

/// What a receive brings.
pub(super) async fn receive(site: &impl Site, request: ReceiveRequest<'_>) -> Vec<ReceivedMessage> {
    match site.source().receive(QueueArn::new(&site.arn()), request).await {
        Ok(messages) => messages,
        Err(error) => panic!("a receive fails: {error}"),
    }
}

/// What is there now, at most so many, hidden for so long.
pub(super) async fn take(site: &impl Site, most: usize, hidden: Duration) -> Vec<ReceivedMessage> {
    receive(site, ReceiveRequest::new(most, Duration::ZERO, hidden)).await
}

/// So many messages, in as many receives as that takes: a standard queue may hand out fewer than there are.
pub(super) async fn take_all(site: &impl Site, count: usize, most: usize, hidden: Duration) -> Vec<ReceivedMessage> {
    let mut messages = Vec::new();
    for _ in 0..20 {
        messages.extend(take(site, most, hidden).await);
        if messages.len() >= count {
            break;
        }
    }
    let ids: BTreeSet<_> = messages.iter().map(|message| &message.message_id).collect();
    if (messages.len(), ids.len()) != (count, count) {
        panic!("{count} messages were sent, and {} receives bring {} of them", messages.len(), ids.len());
    }
    messages
}

/// The one message that there is, hidden for so long.
pub(super) async fn take_one(site: &impl Site, hidden: Duration) -> ReceivedMessage {
    let messages = take_all(site, 1, 1, hidden).await;
    let Some(message) = messages.into_iter().next() else { panic!("no message") };
    message
}

/// The messages as records of a batch.
pub(super) fn records(site: &impl Site, messages: &[ReceivedMessage]) -> Vec<Record> {
    let event = event_of(QueueArn::new(&site.arn()), messages);
    let records = Batch::from_json(event).map(|batch| batch.records().collect::<Result<Vec<_>, _>>());
    match records {
        Ok(Ok(records)) => records,
        Ok(Err(error)) => panic!("a message makes no record: {error}"),
        Err(error) => panic!("messages make no event: {error}"),
    }
}

/// Deletes what a promise has left, by the receipts that came with it.
pub(super) async fn cleared(site: &impl Site, messages: &[ReceivedMessage]) {
    let (arn, records) = (site.arn(), records(site, messages));
    for answer in site.source().delete(QueueArn::new(&arn), &records, None).await {
        if let Err(error) = answer {
            panic!("a message cannot be deleted by the receipt that it came with: {error}");
        }
    }
}
