//! A queue in this process, by SQS's rules and a clock that a test moves.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, ready};

use super::{
    ManualClock,
    event::{Event, Message},
    queue::{Change, Queue, QueueSettings, Received, SentMessage, arn, message_id, number},
};
use crate::{
    Clock,
    batch::{QueueArn, Record},
    queue::{DeadLetter, EntryAnswer, QueueAttributes, QueueClient, QueueError, QueueName, VisibilityChange},
};

/// A queue in this process: visibility, receive counts, a new receipt handle with each receive, message groups, deduplication, a redrive
/// policy. Its time is the clock's.
///
/// It is a [`QueueClient`], so that a consumer under test tells it what SQS would be told:
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use sqs_runtime::{
///     Consumer, Failure,
///     queue::Queue,
///     testkit::{ManualClock, MemoryQueue, QueueSettings, SentMessage, harness::Harness},
/// };
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let clock = ManualClock::new();
/// let orders = Arc::new(MemoryQueue::new(QueueSettings::new("orders"), clock.clone()));
/// let consumer = Consumer::new(|| async { Err::<(), _>(Failure::retry_after(Duration::from_secs(60))) });
/// let harness = Harness::on_clock(consumer.queue(Queue::new(Arc::clone(&orders))), clock.clone());
///
/// orders.enqueue(SentMessage::new("an order"));
/// harness.deliver(&orders.receive(10).unwrap()).await;
/// assert!(orders.receive(10).is_none());
/// clock.advance(Duration::from_secs(61));
/// assert!(orders.receive(10).is_some());
/// # });
/// ```
pub struct MemoryQueue {
    clock: ManualClock,
    start: Duration,
    state: Mutex<State>,
}

struct State {
    queue: Queue,
    letters: Vec<DeadLetter>,
}

impl MemoryQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(settings: QueueSettings, clock: ManualClock) -> Self {
        let start = clock.monotonic();
        Self { clock, start, state: Mutex::new(State { queue: Queue::new(settings), letters: Vec::new() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.start)
    }

    /// Sends a message. Gives its id, or `None` where a FIFO queue knows its deduplication id.
    pub fn enqueue(&self, message: SentMessage) -> Option<String> {
        self.state().queue.send(message, self.now()).map(|number| message_id(0, number))
    }

    /// Receives at most so many messages, as the event of one batch; `None` where none is visible.
    #[must_use]
    pub fn receive(&self, most: usize) -> Option<Event> {
        let mut state = self.state();
        let (received, _) = state.queue.receive(most, usize::MAX, self.now());
        let name = &state.queue.settings.name;
        let event = if name.ends_with(".fifo") { Event::fifo(name) } else { Event::standard(name) };
        (!received.is_empty()).then(|| event.messages(received.iter().map(|received| self.message(received))))
    }

    fn message(&self, received: &Received) -> Message {
        let wall = |at: Duration| self.clock.wall() - self.now().saturating_sub(at);
        let message = Message::text(received.sent.body.as_str())
            .id(message_id(0, received.number))
            .receipt_handle(format!("receipt-{}", received.receipt))
            .receive_count(received.receive_count)
            .sent_at(wall(received.sent_at))
            .first_received_at(wall(received.first_received_at));
        let message = received.sent.group.iter().fold(message, |message, group| message.group(group));
        received.sent.deduplication_id.iter().fold(message, |message, id| message.deduplication_id(id))
    }

    /// The copies that consumers sent to its dead-letter queue.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().letters.clone()
    }

    /// What it is set to.
    #[must_use]
    pub fn settings(&self) -> QueueSettings {
        self.state().queue.settings.clone()
    }

    /// How many messages it holds, visible or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().queue.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_this(&self, queue: QueueArn<'_>) -> bool {
        queue.as_str() == arn(&self.state().queue.settings.name)
    }

    /// An answer for each entry, if the queue is this one.
    fn each<T>(
        &self,
        queue: QueueArn<'_>,
        entries: &[T],
        answer: impl Fn(&mut Queue, &T, Duration) -> EntryAnswer,
    ) -> BoxFuture<'_, Vec<EntryAnswer>> {
        let (is_this, now) = (self.is_this(queue), self.now());
        let queue = &mut self.state().queue;
        let answers = entries.iter().map(|entry| if is_this { answer(queue, entry, now) } else { Err(no_queue()) });
        let answers = answers.collect();
        Box::pin(ready(answers))
    }
}

/// Which message and which receive of it a record is.
fn receive_of(record: &Record) -> Option<(u64, u64)> {
    let receipt = record.receipt_handle()?.strip_prefix("receipt-")?.parse().ok()?;
    Some((number(record.message_id())?, receipt))
}

fn no_receive() -> QueueError {
    QueueError::lost("the receipt handle names no receive of this queue")
}

fn no_queue() -> QueueError {
    QueueError::denied("there is no such queue")
}

type Time = Option<Duration>;

impl QueueClient for MemoryQueue {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, _: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        let is_this = self.is_this(queue);
        let attributes = self.state().queue.settings.attributes();
        Box::pin(ready(is_this.then_some(attributes).ok_or_else(no_queue)))
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        _: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.each(queue, changes, |queue, VisibilityChange { record, timeout }, now| {
            let (number, receipt) = receive_of(record).ok_or_else(no_receive)?;
            match queue.change_visibility(number, receipt, *timeout, now) {
                Change::Done => Ok(()),
                Change::Lost => Err(no_receive()),
                Change::TooLong => Err(QueueError::new("longer than 12 h since the receive")),
            }
        })
    }

    fn send<'a>(&'a self, to: QueueName<'a>, letters: &'a [DeadLetter], _: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let State { queue, letters: known } = &mut *self.state();
        let policy = queue.settings.attributes().redrive_policy;
        let is_its_own = policy.is_some_and(|policy| to == QueueName::of(&policy.dead_letter_queue));
        let answers = letters.iter().map(|letter| {
            if !is_its_own {
                return Err(no_queue());
            }
            let id = letter.deduplication_id();
            let is_known = id.is_some() && known.iter().any(|known| known.deduplication_id() == id);
            known.extend((!is_known).then(|| letter.clone()));
            Ok(())
        });
        let answers = answers.collect();
        Box::pin(ready(answers))
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], _: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.each(queue, records, |queue, record, now| {
            let (number, receipt) = receive_of(record).ok_or_else(no_receive)?;
            if queue.delete(number, receipt, now) { Ok(()) } else { Err(no_receive()) }
        })
    }
}

impl fmt::Debug for MemoryQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("MemoryQueue")
            .field("name", &state.queue.settings.name)
            .field("messages", &state.queue.len())
            .field("letters", &state.letters.len())
            .finish_non_exhaustive()
    }
}
