//! A process's client of the queues, behind a wire on which things go wrong.

use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::oneshot;

use super::store::{NOBODY, SharedStore, Way};
use crate::{
    batch::{QueueArn, Record},
    queue::{DeadLetter, EntryAnswer, QueueAttributes, QueueClient, QueueError, QueueName, VisibilityChange},
    testkit::queue::{Change, QueueSettings, Queues, message_id, number},
};

/// The client of one process.
pub(super) struct ProcessQueue {
    queues: Queues,
    /// Its wire, its time and its account of what went wrong.
    store: SharedStore,
}

/// What is asked for one message.
#[derive(Clone, Copy)]
enum Request {
    Hide(Duration),
    Copy,
    Delete,
}

/// One message of one queue, by its receive.
#[derive(Clone, Copy)]
struct Receive {
    queue: usize,
    number: u64,
    receipt: u64,
}

impl ProcessQueue {
    pub(super) fn new(queues: &Queues, store: &SharedStore) -> Self {
        Self { queues: queues.clone(), store: store.clone() }
    }

    /// One call, with all of its entries: it arrives or it does not, and so does its answer.
    async fn call(&self, entries: Vec<(Option<Receive>, Request)>, time: Option<Duration>) -> Vec<EntryAnswer> {
        let (len, limit) = (entries.len(), time.unwrap_or(LONGEST).min(LONGEST));
        let way = self.store.way();
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
            let answers = entries.iter().map(|(receive, request)| apply(&queues, &store, *receive, *request)).collect();
            if way == Way::Twice {
                entries.iter().for_each(|(receive, request)| drop(apply(&queues, &store, *receive, *request)));
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

    /// What record that is; `None` where the simulation never sent it.
    fn receive(&self, record: &Record) -> Option<Receive> {
        let queue = self.index(record.queue_arn()?)?;
        let number = number(record.message_id())?;
        let receipt = record.receipt_handle()?.strip_prefix("receipt-")?.parse().ok()?;
        Some(Receive { queue, number, receipt })
    }

    fn index(&self, arn: QueueArn<'_>) -> Option<usize> {
        self.queues.all().iter().position(|queue| Some(queue.settings.name.as_str()) == arn.name())
    }
}

const QUICK: Duration = Duration::from_millis(20);

const LONGEST: Duration = Duration::from_secs(10);

fn all(len: usize, why: &'static str) -> Vec<EntryAnswer> {
    std::iter::repeat_with(|| Err(QueueError::new(why))).take(len).collect()
}

fn apply(queues: &Queues, store: &SharedStore, receive: Option<Receive>, request: Request) -> EntryAnswer {
    let answer = asked(queues, store, receive, request);
    let row = match (request, answer.is_ok()) {
        (Request::Hide(_), true) => "queue: hidden",
        (Request::Hide(_), false) => "queue: not hidden, the receive is over",
        (Request::Copy, _) => "queue: copied",
        (Request::Delete, true) => "queue: deleted",
        (Request::Delete, false) => "queue: not deleted, the receive is over",
    };
    *store.state().rows.entry(row).or_default() += 1;
    answer
}

fn asked(queues: &Queues, store: &SharedStore, receive: Option<Receive>, request: Request) -> EntryAnswer {
    let Some(Receive { queue: index, number, receipt }) = receive else { return Err(QueueError::new("unknown")) };
    let (now, mut all) = (store.now(), queues.all());
    let Some(queue) = all.get_mut(index) else { return Err(QueueError::denied("no such queue")) };
    match request {
        Request::Copy => queue.copy(number),
        Request::Delete => {
            let id = message_id(index, number);
            let mut state = store.state();
            if state.ledger.is_done(&id) == Some(false) && !queue.has_copy(number) {
                state.ledger.violation(format!("I4: {id} is deleted although its work was never recorded"));
            }
            drop(state);
            if !queue.delete(number, receipt, now) {
                return Err(QueueError::lost("the receipt handle has expired"));
            }
        }
        Request::Hide(timeout) => match queue.change_visibility(number, receipt, timeout, now) {
            Change::Done => queues.touch(index),
            Change::Lost => return Err(QueueError::lost("not in flight")),
            Change::TooLong => {
                store.state().ledger.violation(format!("I27: {timeout:?} would be past 12 h since the receive"));
                return Err(QueueError::new("longer than 12 h since the receive"));
            }
        },
    }
    Ok(())
}

type Time = Option<Duration>;

impl QueueClient for ProcessQueue {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, _: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        let index = self.index(queue);
        let all = self.queues.all();
        let settings = index.and_then(|index| all.get(index)).map(|queue| &queue.settings);
        let attributes = settings.map(QueueSettings::attributes);
        Box::pin(std::future::ready(attributes.ok_or_else(|| QueueError::denied("no such queue"))))
    }

    fn change_visibility<'a>(
        &'a self,
        _: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let entries = changes.iter().map(|change| (self.receive(&change.record), Request::Hide(change.timeout)));
        Box::pin(self.call(entries.collect(), time))
    }

    fn send<'a>(&'a self, _: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let entries = letters.iter().map(|letter| (self.receive(letter.record()), Request::Copy));
        Box::pin(self.call(entries.collect(), time))
    }

    fn delete<'a>(&'a self, _: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let entries = records.iter().map(|record| (self.receive(record), Request::Delete));
        Box::pin(self.call(entries.collect(), time))
    }
}
