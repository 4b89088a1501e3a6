//! One line of receives: permits first, then the receive, then the messages go to their batch.
//!
//! A queue has several lanes, of which one waits for messages while the queue is idle and more take part while it is full.

mod appetite;
mod attempt;
mod intake;
mod permits;
mod rate;
mod trouble;
mod turns;

use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{Either, select},
};
use tokio::sync::watch;

use self::{appetite::Appetite, attempt::Attempt};
pub(super) use self::{
    rate::Rate,
    trouble::Trouble,
    turns::{Share, Turns},
};
use super::{Common, WorkerQueue};
use crate::{
    batch::QueueArn,
    layer::Panicked,
    queue::{MAX_ENTRIES, OpenQueue, QueueError, ReceiveRequest, ReceivedMessage},
    run::pipeline::Permits,
};

/// The least time for which a message is hidden, where the queue's own is shorter: enough for a lease and a renewal of it.
const LEAST_HIDDEN: Duration = Duration::from_secs(30);

/// A receive that finds nothing may come back at once, where a queue does not wait: the next one starts no sooner after it than that.
const LEAST_BETWEEN: Duration = Duration::from_secs(1);

/// How much of the drain is left for what follows, when a receive that is under way is not waited for any more.
const AFTER_THE_POLLS: Duration = Duration::from_secs(5);

/// A queue that is received from.
pub(super) struct Polled {
    common: Arc<Common>,
    arn: Box<str>,
    pub(super) visibility_timeout: Duration,
    wait: Duration,
    share: Arc<Share>,
    turns: Arc<Turns>,
    /// Held by the lane that gathers them: several at once would each get a few.
    gathering: tokio::sync::Mutex<()>,
    appetite: Mutex<Appetite>,
    /// How many lanes receive: what the appetite says.
    lanes: watch::Sender<usize>,
}

impl Polled {
    pub(super) fn new(
        common: Arc<Common>,
        queue: &WorkerQueue,
        open: &OpenQueue,
        share: Arc<Share>,
        turns: Arc<Turns>,
    ) -> Arc<Self> {
        let own = open.attributes.visibility_timeout.unwrap_or_default().max(LEAST_HIDDEN);
        let visibility_timeout = queue.visibility_timeout.unwrap_or(own);
        let wait = if common.until_empty { queue.wait.min(LEAST_BETWEEN) } else { queue.wait };
        Arc::new(Self {
            arn: open.arn.clone(),
            visibility_timeout,
            // What comes at the end of a wait is hidden since then, but known to be only since its beginning: half of the time is left.
            wait: wait.min(Duration::from_secs(visibility_timeout.as_secs() / 2)),
            gathering: tokio::sync::Mutex::default(),
            appetite: Mutex::new(Appetite::new(share.concurrency.div_ceil(MAX_ENTRIES))),
            lanes: watch::Sender::new(1),
            share,
            turns,
            common,
        })
    }

    pub(super) fn arn(&self) -> QueueArn<'_> {
        QueueArn::new(&self.arn)
    }

    /// How many lanes it may need at most.
    pub(super) fn most_lanes(&self) -> usize {
        self.share.concurrency.div_ceil(MAX_ENTRIES)
    }

    /// Takes note of what a receive came to, for the lanes.
    fn feed(&self, feed: impl FnOnce(&mut Appetite)) {
        let mut appetite = self.appetite.lock().unwrap_or_else(PoisonError::into_inner);
        feed(&mut appetite);
        self.share.finds(appetite.is_busy());
        let lanes = appetite.lanes();
        self.lanes.send_if_modified(|now| std::mem::replace(now, lanes) != lanes);
    }
}

/// One of a queue's lanes.
pub(super) struct Lane {
    queue: Arc<Polled>,
    number: usize,
    trouble: Trouble,
    attempt: Attempt,
}

impl Lane {
    pub(super) fn new(queue: Arc<Polled>, number: usize) -> Self {
        Self { queue, number, trouble: Trouble::default(), attempt: Attempt::default() }
    }

    /// Receives until the worker stops.
    pub(super) async fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let (common, clock) = (&queue.common, &queue.common.seams.clock);
        while let Some(permits) = common.stop.unless_stopped(self.next_permits()).await {
            let (asked, asked_at) = (permits.len(), clock.monotonic());
            common.stats.asks(asked_at);
            let arriving = common.pipeline.expects();
            match self.receive(asked).await {
                None => break,
                Some(Ok(messages)) => {
                    self.trouble.is_over();
                    self.attempt.answered();
                    common.stats.polled(clock.monotonic());
                    common.give_back_rate(asked - messages.len().min(asked));
                    queue.feed(|appetite| appetite.got(asked, messages.len()));
                    if messages.is_empty() {
                        common.stats.empty_receives(1);
                        drop((permits, arriving));
                        self.after_nothing(asked_at).await;
                    } else {
                        intake::take(&queue, messages, permits, asked_at, arriving);
                    }
                }
                // Before the first answer it is the deployment, or the name.
                Some(Err(error)) if error.is_denied() && common.stats.last_polled().is_none() => {
                    common.refuse(error);
                }
                Some(Err(error)) => {
                    drop((permits, arriving));
                    common.stats.failed_receives(1);
                    common.give_back_rate(asked);
                    queue.feed(Appetite::failed);
                    let pause = self.trouble.again(common.chance());
                    tracing::warn!(%error, pauseMs = pause.as_millis(), "a receive failed");
                    common.stop.unless_stopped(clock.sleep(pause)).await;
                }
            }
        }
    }

    /// Waits for everything that may forbid a receive, and takes the permits for its messages last.
    async fn next_permits(&self) -> Permits {
        let common = &self.queue.common;
        loop {
            let mut lanes = self.queue.lanes.subscribe();
            // The sender is the queue's own: it lives.
            let _ = lanes.wait_for(|lanes| self.number < *lanes).await;
            common.may_receive(self.number).await;
            let mut permits = self.queue.take_permits().await;
            // Others may have found the queue idle meanwhile.
            if self.number >= *self.queue.lanes.borrow() {
                continue;
            }
            let most = if common.pipeline.is_store_silent() { 1 } else { permits.len() };
            match common.take_rate(most) {
                Ok(messages) => {
                    permits.keep(messages);
                    return permits;
                }
                Err(pause) => {
                    drop(permits);
                    common.seams.clock.sleep(pause).await;
                }
            }
        }
    }

    /// What SQS gives; `None` where the worker must not wait for that any longer.
    async fn receive(&mut self, most: usize) -> Option<Result<Vec<ReceivedMessage>, QueueError>> {
        let queue = Arc::clone(&self.queue);
        let (common, clock) = (&queue.common, &queue.common.seams.clock);
        let most = if common.seams.slips.permits_after_the_receive { MAX_ENTRIES } else { most };
        let mut request = ReceiveRequest::new(most, queue.wait, queue.visibility_timeout);
        if queue.arn().is_fifo() {
            let (random, now) = (&*common.seams.random, clock.monotonic());
            request.attempt = self.attempt.name(most, queue.visibility_timeout, random, now);
        }
        let receiving = AssertUnwindSafe(async { common.source.receive(queue.arn(), request).await }).catch_unwind();
        // Whoever drops a receive may leave its messages hidden: only a stop that cannot wait does.
        let too_late = async {
            common.stop.stopped().await;
            clock.sleep(common.drain.saturating_sub(AFTER_THE_POLLS)).await;
        };
        match select(pin!(receiving), pin!(too_late)).await {
            Either::Left((Ok(received), _)) => Some(received),
            Either::Left((Err(panic), _)) => {
                Some(Err(QueueError::new(format!("the queue's client panicked: {}", Panicked::new(panic)))))
            }
            Either::Right(_) => None,
        }
    }

    /// A queue that does not wait must not be asked without end; and a job may be over.
    async fn after_nothing(&self, asked_at: Duration) {
        let common = &self.queue.common;
        if common.until_empty && common.nothing_came(&self.queue.arn) {
            return common.stop.drain();
        }
        let passed = common.seams.clock.monotonic().saturating_sub(asked_at);
        let rest = LEAST_BETWEEN.saturating_sub(passed);
        if !rest.is_zero() {
            common.stop.unless_stopped(common.seams.clock.sleep(rest)).await;
        }
    }
}
