//! A process's client of the queues, behind a wire on which things go wrong.

use std::{fmt, time::Duration};

use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::oneshot;

use super::{
    executor::ProcessId,
    process::Process,
    rows,
    store::{NOBODY, SharedStore, Way},
    worker::Proof,
};
use crate::{
    Idempotency,
    batch::{QueueArn, Record},
    queue::{DeadLetter, EntryAnswer, QueueAttributes, QueueClient, QueueError, QueueName, VisibilityChange},
    testkit::queue::{Change, Deletion, QueueSettings, Queues, message_id, number, queue_of},
};

impl fmt::Display for Receive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of queue {}", self.number, self.queue)
    }
}

/// The client of one process.
pub(super) struct ProcessQueue {
    pub(super) process: ProcessId,
    pub(super) queues: Queues,
    /// Its wire, its time and its account of what went wrong.
    pub(super) store: SharedStore,
    /// What names the work of a message, where a worker receives it.
    pub(super) guard: Option<Idempotency>,
    /// How many messages a worker may have in hand.
    pub(super) limit: Option<usize>,
    /// Whether the process receives from several queues.
    pub(super) is_shared: bool,
}

/// What is asked for one message.
#[derive(Clone, Copy)]
pub(super) enum Request {
    Hide(Duration),
    Copy,
    Delete,
}

/// One message of one queue, by its receive.
#[derive(Clone, Copy)]
pub(super) struct Receive {
    queue: usize,
    pub(super) number: u64,
    receipt: u64,
    pub(super) is_fifo: bool,
}

impl Receive {
    /// What record that is; `None` where the simulation never sent it.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let receipt = record.receipt_handle()?.strip_prefix("receipt-")?.parse().ok()?;
        let (queue, number) = (queue_of(record.message_id())?, number(record.message_id())?);
        Some(Self { queue, number, receipt, is_fifo: record.queue_arn()?.is_fifo() })
    }

    /// Its queue and its receipt.
    pub(super) fn handle(&self) -> (usize, u64) {
        (self.queue, self.receipt)
    }

    pub(super) fn queue(&self) -> usize {
        self.queue
    }
}

impl ProcessQueue {
    pub(super) fn of(process: &Process) -> Self {
        let (queues, store) = (process.queues.clone(), process.store.clone());
        Self { process: process.id, queues, store, guard: None, limit: None, is_shared: false }
    }

    /// One call, of which a worker says and hears everything.
    async fn call(&self, entries: Vec<(Option<Receive>, Request)>, time: Option<Duration>) -> Vec<EntryAnswer> {
        self.says(&entries);
        let is_about =
            |(receive, request): &(Option<Receive>, Request)| receive.filter(|_| !matches!(request, Request::Copy));
        let about = entries.iter().map(is_about).collect();
        let call = Call { store: self.store.clone(), about };
        let answers = self.send_off(entries, time).await;
        call.hears(&answers);
        answers
    }

    fn says(&self, entries: &[(Option<Receive>, Request)]) {
        let mut queues = self.queues.all();
        for (receive, request) in entries.iter().filter_map(|(receive, request)| Some(((*receive)?, *request))) {
            let mut state = self.store.state();
            let has_copy = queues.get_mut(receive.queue).is_some_and(|queue| queue.has_copy(receive.number));
            let is_done = state.ledger.is_done(&message_id(receive.queue, receive.number)).unwrap_or(false);
            let proof = Proof { is_recorded: self.guard.is_some().then_some(is_done), has_copy };
            let row = state.deliveries.says(self.process, receive, request, proof);
            if let Some(row) = row {
                *state.rows.entry(row).or_default() += 1;
                state.news.push(format!("{receive} in process {}: {row}", self.process));
            }
        }
    }

    /// All of its entries arrive or none does, and so does their answer.
    async fn send_off(&self, entries: Vec<(Option<Receive>, Request)>, time: Option<Duration>) -> Vec<EntryAnswer> {
        let (len, limit) = (entries.len(), time.unwrap_or(LONGEST).min(LONGEST));
        let way = self.store.way();
        for (_, request) in &entries {
            let row = rows::unheard(*request, way);
            row.into_iter().for_each(|row| self.store.meets(row));
        }
        if way == Way::Refused {
            self.store.travel(QUICK).await;
            return all(len, "throttled");
        }
        let (tell, told) = oneshot::channel();
        let (queues, store) = (self.queues.clone(), self.store.clone());
        let carried = async move {
            match way {
                Way::LosesTheRequest => return,
                // Behind its sender's back, and perhaps behind the answer of the invocation.
                Way::Late => store.travel(LONGEST * 3).await,
                Way::Slow => store.travel(limit + Duration::from_secs(1)).await,
                _ => store.travel(QUICK).await,
            }
            let apply = |(receive, request): &(Option<Receive>, Request)| apply(&queues, &store, *receive, *request);
            let answers =
                entries.iter().map(|entry| if store.fails_alone() { failed() } else { apply(entry) }).collect();
            if way == Way::Twice {
                entries.iter().for_each(|entry| drop(apply(entry)));
            }
            if !matches!(way, Way::LosesTheReply | Way::Late) {
                // Nobody may wait any more.
                let _ = tell.send(answers);
            }
        };
        self.store.spawn(NOBODY, Box::pin(carried));
        match select(told, self.store.sleep(limit)).await {
            Either::Left((Ok(answers), _)) => answers,
            Either::Left((Err(_), _)) | Either::Right(_) => all(len, "no answer"),
        }
    }

    pub(super) fn attributes_of(&self, queue: QueueArn<'_>) -> Result<QueueAttributes, QueueError> {
        let index = self.index(queue);
        let all = self.queues.all();
        let settings = index.and_then(|index| all.get(index)).map(|queue| &queue.settings);
        settings.map(QueueSettings::attributes).ok_or_else(|| QueueError::denied("no such queue"))
    }

    pub(super) fn name_of(&self, queue: usize) -> String {
        self.queues.all().get(queue).map(|queue| queue.settings.name.clone()).unwrap_or_default()
    }

    pub(super) fn index(&self, arn: QueueArn<'_>) -> Option<usize> {
        self.queues.all().iter().position(|queue| Some(queue.settings.name.as_str()) == arn.name())
    }
}

/// A call that is under way: until it is answered, or nobody waits any more.
struct Call {
    store: SharedStore,
    about: Vec<Option<Receive>>,
}

impl Call {
    fn hears(&self, answers: &[EntryAnswer]) {
        let mut state = self.store.state();
        for (receive, answer) in self.about.iter().zip(answers) {
            match receive.zip(Some(answer)) {
                Some((receive, Ok(()))) => state.deliveries.is_sure(receive),
                Some((receive, Err(error))) if error.is_lost() => state.deliveries.is_lost(receive),
                _ => {}
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.store.state();
        self.about.iter().flatten().for_each(|receive| state.deliveries.is_over(*receive));
    }
}

pub(super) const QUICK: Duration = Duration::from_millis(20);

const LONGEST: Duration = Duration::from_secs(10);

fn all(len: usize, why: &'static str) -> Vec<EntryAnswer> {
    std::iter::repeat_with(|| Err(QueueError::new(why))).take(len).collect()
}

/// One entry of a call that SQS itself could not serve.
fn failed() -> EntryAnswer {
    Err(QueueError::new("internal error"))
}

fn apply(queues: &Queues, store: &SharedStore, receive: Option<Receive>, request: Request) -> EntryAnswer {
    let answer = asked(queues, store, receive, request);
    let row = match (request, &answer) {
        (_, Ok(row)) => row,
        (Request::Delete, Err(_)) => "queue: not deleted, the receive is over",
        (_, Err(_)) => "queue: not hidden, the receive is over",
    };
    store.meets(row);
    answer.map(drop)
}

/// Does it: the row that was met.
fn asked(
    queues: &Queues,
    store: &SharedStore,
    receive: Option<Receive>,
    request: Request,
) -> Result<&'static str, QueueError> {
    let Some(Receive { queue: index, number, receipt, .. }) = receive else { return Err(QueueError::new("unknown")) };
    let (now, mut all) = (store.now(), queues.all());
    let Some(queue) = all.get_mut(index) else { return Err(QueueError::denied("no such queue")) };
    match request {
        Request::Copy => {
            queue.copy(number);
            Ok("queue: copied")
        }
        Request::Delete => {
            let id = message_id(index, number);
            let mut state = store.state();
            if state.ledger.is_done(&id) == Some(false) && !queue.has_copy(number) {
                state.ledger.violation(format!("I4: {id} is deleted although its work was never recorded"));
            }
            drop(state);
            let deletion = queue.delete(number, receipt, now);
            queues.wake(index);
            match deletion {
                Deletion::Done => Ok("queue: deleted"),
                Deletion::Accepted => Ok("queue: not deleted, by an older receipt"),
                Deletion::Refused => Err(QueueError::lost("the receipt handle has expired")),
            }
        }
        Request::Hide(timeout) => match queue.change_visibility(number, receipt, timeout, now) {
            Change::Done => {
                queues.touch(index);
                Ok("queue: hidden")
            }
            Change::Lost => Err(QueueError::lost("not in flight")),
            Change::TooLong => {
                store.state().ledger.violation(format!("I27: {timeout:?} would be past 12 h since the receive"));
                Err(QueueError::new("longer than 12 h since the receive"))
            }
        },
    }
}

type Time = Option<Duration>;

impl QueueClient for ProcessQueue {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, _: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        Box::pin(async move {
            let way = self.store.way();
            self.store.travel(QUICK).await;
            if way == Way::Open { self.attributes_of(queue) } else { Err(QueueError::new("no answer")) }
        })
    }

    fn change_visibility<'a>(
        &'a self,
        _: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let entries = changes.iter().map(|change| (Receive::of(&change.record), Request::Hide(change.timeout)));
        Box::pin(self.call(entries.collect(), time))
    }

    fn send<'a>(&'a self, _: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let entries = letters.iter().map(|letter| (Receive::of(letter.record()), Request::Copy));
        Box::pin(self.call(entries.collect(), time))
    }

    fn delete<'a>(&'a self, _: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let entries = records.iter().map(|record| (Receive::of(record), Request::Delete));
        Box::pin(self.call(entries.collect(), time))
    }
}
