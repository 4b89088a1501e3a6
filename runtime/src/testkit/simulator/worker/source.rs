//! How a worker's process receives: long polls, over a wire on which things go wrong.

use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::oneshot;

use crate::{
    batch::QueueArn,
    queue::{OpenQueue, QueueError, QueueName, QueueSource, ReceiveRequest, ReceivedMessage},
    testkit::{
        queue::{Queues, Received, arn},
        simulator::{
            client::{ProcessQueue, QUICK},
            mapping,
            store::{NOBODY, SharedStore, Way},
        },
    },
};

/// How long a receive from one of several queues waits once faults are over.
const LONG_WAIT: Duration = Duration::from_secs(600);

/// How much longer than the wait a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One receive, as the queue sees it.
struct LongPoll {
    queues: Queues,
    store: SharedStore,
    queue: usize,
    most: usize,
    timeout: Duration,
    until: Duration,
    /// The wait that was asked for ends then: whoever asks knows nothing of one that lasts longer.
    asked_until: Duration,
    attempt: Option<String>,
}

impl LongPoll {
    /// Waits for messages, and hands them out.
    async fn answer(&self) -> Vec<Received> {
        self.store.travel(QUICK).await;
        loop {
            if self.store.now() > self.asked_until {
                return Vec::new();
            }
            let news = self.queues.news(self.queue);
            let (received, wake_at) = self.hand_out();
            if !received.is_empty() || self.store.now() >= self.until {
                return received;
            }
            drop(select(Box::pin(news), self.store.sleep_until(wake_at)).await);
            // Others that wait for the same come first half of the time.
            if self.store.happens(500) {
                self.store.travel(QUICK).await;
            }
        }
    }

    /// What there is to be had now; and when it is worth to look again.
    fn hand_out(&self) -> (Vec<Received>, Duration) {
        let (now, mut queues) = (self.store.now(), self.queues.all());
        let Some(queue) = queues.get_mut(self.queue) else { return (Vec::new(), self.until) };
        let (received, is_again) = queue.receive_by(self.attempt.as_deref(), self.most, self.timeout, now);
        if is_again {
            self.store.state().counts.repeated_receives += 1;
            return (received, now);
        }
        let wake_at = queue.next_change(now).map_or(self.until, |at| at.min(self.until));
        // Once each: nobody gets the same for ever.
        let is_first = !received.is_empty() && received.iter().all(|received| received.receive_count == 1);
        if is_first && !queue.settings.is_fifo() && self.store.doubles() {
            // Whoever asks next gets the same.
            for Received { number, receipt, .. } in &received {
                queue.change_visibility(*number, *receipt, Duration::ZERO, now);
            }
            self.queues.touch(self.queue);
        }
        if !received.is_empty() {
            self.store.state().deliveries.are_handed_out(self.queue, &received);
        }
        (received, wake_at)
    }

    /// Carries the answer back, if it does not get lost.
    async fn carry(self, way: Way, tell: oneshot::Sender<Vec<Received>>) {
        if way == Way::LosesTheRequest {
            return;
        }
        let received = self.answer().await;
        let is_lost = match way {
            Way::LosesTheReply | Way::Late | Way::Slow => true,
            // The SDK asks again, by the same name.
            Way::Twice | Way::Echo => {
                self.is_lost(&received);
                let again = self.answer().await;
                return self.tell(tell, again);
            }
            _ => false,
        };
        if is_lost { self.is_lost(&received) } else { self.tell(tell, received) }
    }

    fn tell(&self, tell: oneshot::Sender<Vec<Received>>, received: Vec<Received>) {
        if let Err(received) = tell.send(received) {
            self.is_lost(&received);
        }
    }

    fn is_lost(&self, received: &[Received]) {
        self.store.state().counts.lost_receives += u64::from(!received.is_empty());
    }
}

impl ProcessQueue {
    async fn poll(&self, queue: usize, request: ReceiveRequest<'_>) -> Result<Vec<ReceivedMessage>, QueueError> {
        self.store.state().deliveries.asks(self.process);
        let way = self.store.way();
        if way == Way::Refused {
            self.store.travel(QUICK).await;
            return Err(self.receive_failed("throttled"));
        }
        // Once faults are over nothing but news ends a wait, and then it is asked anew: hours of empty receives would show nothing. But one
        // that never ends must not keep the permits of a worker from its other queues.
        let now = self.store.now();
        let asked_until = now.saturating_add(request.wait);
        let until = match (self.store.faults_are_on(), self.is_shared) {
            (true, _) => asked_until,
            (false, true) => now.saturating_add(LONG_WAIT),
            (false, false) => Duration::MAX,
        };
        let poll = LongPoll {
            queues: self.queues.clone(),
            store: self.store.clone(),
            queue,
            most: request.most,
            timeout: request.visibility_timeout,
            until,
            asked_until,
            attempt: request.attempt.map(str::to_owned),
        };
        let (tell, told) = oneshot::channel();
        self.store.spawn(NOBODY, Box::pin(poll.carry(way, tell)));
        match select(told, self.store.sleep_until(until.saturating_add(PATIENCE))).await {
            Either::Left((Ok(received), _)) => Ok(self.arrive(queue, &received)),
            // A connection that is lost is noticed when nothing comes.
            Either::Left((Err(_), patience)) => {
                patience.await;
                Err(self.receive_failed("no answer"))
            }
            Either::Right(_) => Err(self.receive_failed("no answer")),
        }
    }

    fn receive_failed(&self, why: &'static str) -> QueueError {
        self.store.state().counts.failed_receives += 1;
        QueueError::new(why)
    }

    fn arrive(&self, queue: usize, received: &[Received]) -> Vec<ReceivedMessage> {
        if received.is_empty() {
            return Vec::new();
        }
        let arn = arn(&self.name_of(queue));
        let message = |received| mapping::message(queue, received).to_received(&arn);
        let messages = received.iter().map(message).collect();
        let mut state = self.store.state();
        state.deliveries.arrive(self.process, queue, received, self.limit);
        let numbers: Vec<_> = received.iter().map(|received| (received.number, received.receive_count)).collect();
        state.news.push(format!("process {} receives {numbers:?} of queue {queue}", self.process));
        drop(state);
        self.name(queue, received);
        messages
    }

    /// Notes which keys the messages have, so that it shows whether their work is done.
    fn name(&self, queue: usize, received: &[Received]) {
        if let Some(guard) = &self.guard {
            self.store.name(guard, queue, &self.name_of(queue), received);
        }
    }
}

impl QueueSource for ProcessQueue {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        Box::pin(async move {
            let QueueName::Arn(name) = queue else { return Err(QueueError::denied("no such queue")) };
            let way = self.store.way();
            self.store.travel(QUICK).await;
            if way != Way::Open {
                return Err(QueueError::new("no answer"));
            }
            Ok(OpenQueue::new(name.as_str(), self.attributes_of(name)?))
        })
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        Box::pin(async move {
            match self.index(queue) {
                Some(index) => self.poll(index, request).await,
                None => Err(QueueError::denied("no such queue")),
            }
        })
    }
}
