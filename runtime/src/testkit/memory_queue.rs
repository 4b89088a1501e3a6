//! A queue in this process, by SQS's rules and a clock that a test moves.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use futures_util::future::{BoxFuture, ready, select};
use tokio::sync::Notify;

use super::{
    event::Event,
    queue::{Change, Deletion, Queue, QueueSettings, Received, SentMessage, arn, message_id, number},
};
use crate::{
    Clock,
    batch::{QueueArn, Record},
    clock::SharedClock,
    queue::{
        DeadLetter, EntryAnswer, OpenQueue, QueueAttributes, QueueClient, QueueError, QueueName, QueueSource,
        ReceiveRequest, ReceivedMessage, VisibilityChange,
    },
};

/// A queue in this process: visibility, receive counts, a new receipt handle with each receive, message groups, deduplication, a redrive
/// policy. Its time is the clock's.
///
/// It is a [`QueueSource`], so that a worker under test receives from it, and any consumer tells it what SQS would be told:
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
    clock: SharedClock,
    start: Duration,
    state: Mutex<State>,
    /// Something was sent, deleted, or made visible.
    changed: Notify,
}

struct State {
    queue: Queue,
    letters: Vec<DeadLetter>,
    /// How often anybody asked.
    receives: u64,
}

impl MemoryQueue {
    /// An empty queue.
    #[must_use]
    pub fn new(settings: QueueSettings, clock: impl Clock) -> Self {
        let start = clock.monotonic();
        let state = Mutex::new(State { queue: Queue::new(settings), letters: Vec::new(), receives: 0 });
        Self { clock: Arc::new(clock), start, state, changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.start)
    }

    /// Sends a message. Gives its id, or `None` where a FIFO queue knows its deduplication id.
    ///
    /// # Panics
    ///
    /// If it is a FIFO queue, and the message has no group: SQS refuses it.
    pub fn enqueue(&self, message: SentMessage) -> Option<String> {
        let number = self.state().queue.send(message, self.now());
        self.changed.notify_waiters();
        number.map(|number| message_id(0, number))
    }

    /// How often it was asked for messages.
    #[must_use]
    pub fn receives(&self) -> u64 {
        self.state().receives
    }

    /// How many messages a receive would find now.
    #[must_use]
    pub fn visible(&self) -> usize {
        self.state().queue.visible(self.now())
    }

    /// Receives at most so many messages, as the event of one batch; `None` where none is visible.
    #[must_use]
    pub fn receive(&self, most: usize) -> Option<Event> {
        let mut state = self.state();
        state.receives += 1;
        let (received, _) = state.queue.receive(most, |_| true, self.now());
        let event = Event::standard(&state.queue.settings.name);
        let messages = received.iter().map(|received| received.message(0, |at| self.wall(at)));
        (!received.is_empty()).then(|| event.messages(messages))
    }

    /// The copies that consumers sent to its dead-letter queue.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().letters.clone()
    }

    /// How many messages the redrive policy moved to its dead-letter queue: as they were, without a copy of anybody's.
    #[must_use]
    pub fn moved(&self) -> usize {
        self.state().queue.dead.len()
    }

    /// What it is set to.
    #[must_use]
    pub fn settings(&self) -> QueueSettings {
        self.state().queue.settings.clone()
    }

    /// Its Amazon Resource Name.
    #[must_use]
    pub fn arn(&self) -> String {
        arn(&self.state().queue.settings.name)
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
        // What is visible again, or no longer stands in front of its group.
        self.changed.notify_waiters();
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
        let backlog = u64::try_from(self.visible()).ok();
        let attributes = QueueAttributes { backlog, ..self.settings().attributes() };
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
        let State { queue, letters: known, .. } = &mut *self.state();
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
            if queue.delete(number, receipt, now) == Deletion::Refused { Err(no_receive()) } else { Ok(()) }
        })
    }
}

impl MemoryQueue {
    /// Takes what is visible, or says how long to wait for what is not yet.
    fn take(&self, request: ReceiveRequest<'_>, until: Duration) -> Result<Vec<Received>, Duration> {
        let (now, queue) = (self.now(), &mut self.state().queue);
        let (received, _) = queue.receive_by(request.attempt, request.most, request.visibility_timeout, now);
        if !received.is_empty() || now >= until {
            return Ok(received);
        }
        Err(queue.next_change(now).map_or(until, |at| at.min(until)) - now)
    }

    async fn wait_for(&self, request: ReceiveRequest<'_>) -> Vec<ReceivedMessage> {
        self.state().receives += 1;
        let until = self.now() + request.wait;
        loop {
            // Asked for before the look, so that nothing changes in between.
            let changed = std::pin::pin!(self.changed.notified());
            match self.take(request, until) {
                Ok(received) => {
                    let message = |received: &Received| received.message(0, |at| self.wall(at));
                    return received.iter().map(|received| message(received).to_received(&self.arn())).collect();
                }
                Err(wait) => drop(select(changed, self.clock.sleep(wait)).await),
            }
        }
    }

    /// When that was by the wall.
    fn wall(&self, at: Duration) -> SystemTime {
        self.clock.wall() - self.now().saturating_sub(at)
    }
}

impl QueueSource for MemoryQueue {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        let (settings, own) = (self.settings(), self.arn());
        let is_this = match queue {
            QueueName::Arn(arn) => self.is_this(arn),
            QueueName::Url(url) => url.rsplit('/').next() == Some(&settings.name),
        };
        Box::pin(ready(is_this.then(|| OpenQueue::new(own, settings.attributes())).ok_or_else(no_queue)))
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        if !self.is_this(queue) {
            return Box::pin(ready(Err(no_queue())));
        }
        Box::pin(async move { Ok(self.wait_for(request).await) })
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
