//! The worker: receives by long polling, runs each message as any host does, keeps it hidden meanwhile, and deletes it.
//!
//! `lane/` receives and hands messages to batches of the pipeline; `keeper/` looks after everything that was received and is the only one
//! that speaks to SQS about it. `health/` shows the worker to probes, `protection/` to ECS, `progress` to people.

mod asking;
#[cfg(all(feature = "sqs", feature = "env"))]
mod command;
mod config;
mod durations;
mod health;
mod keeper;
mod lane;
mod limit;
#[cfg(all(feature = "sqs", feature = "env"))]
mod progress;
mod protection;
#[cfg(all(feature = "sqs", feature = "env"))]
mod signals;
mod stats;
mod stop;
mod throttle;

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, join, join_all, select};
use tokio::sync::{mpsc, watch};

#[cfg(all(feature = "sqs", feature = "env"))]
pub(super) use self::command::{Args, main};
pub use self::{
    config::{WorkerConfig, WorkerQueue},
    health::HealthAddress,
    stats::WorkerStats,
};
use self::{
    health::Health,
    keeper::{DoneButNotDeleted, Keeper, Taken},
    lane::{Lane, Polled, Rate, Share, Trouble, Turns},
    protection::Agent,
    stats::Stats,
    stop::Stop,
};
use super::{
    pipeline::{Pipeline, Told},
    record::Recorder,
};
use crate::{
    Consumer, Error,
    batch::QueueArn,
    consumer::Seams,
    error::Kind,
    queue::{OpenQueue, Queue, QueueError, QueueName, QueueSource},
};

/// Of how many messages that have their outcome SQS may have yet to be told: no more are received while it takes longer to delete them
/// than to do them.
const MOST_UNTOLD: usize = 1_000;

/// A consumer that receives its messages itself.
pub struct Worker {
    common: Arc<Common>,
    queues: Vec<WorkerQueue>,
    taken: mpsc::UnboundedReceiver<Taken>,
    told: mpsc::UnboundedReceiver<Told>,
}

/// What the parts of a worker share.
struct Common {
    pipeline: Pipeline,
    source: Arc<dyn QueueSource>,
    seams: Seams,
    stop: Stop,
    stats: Arc<Stats>,
    done: DoneButNotDeleted,
    taken: mpsc::UnboundedSender<Taken>,
    told: mpsc::UnboundedSender<Told>,
    paused: watch::Sender<bool>,
    /// Messages that have their outcome, of which SQS was not told yet.
    untold: watch::Sender<usize>,
    rate: Option<Mutex<Rate>>,
    health: Health,
    /// Who protects the task, on ECS.
    agent: Option<Agent>,
    recorder: Option<Recorder>,
    drain: Duration,
    max_duration: Duration,
    least_concurrency: Option<usize>,
    until_empty: bool,
    /// Queues that had nothing to give since the last message, where the worker ends with that.
    silent: Mutex<BTreeSet<Box<str>>>,
    queues: usize,
    /// How many receives brought something, which names them.
    receives: AtomicU64,
    /// Whether nothing is in hand, and nothing is left to say.
    is_idle: AtomicBool,
    /// Why it cannot work at all.
    refusal: Mutex<Option<QueueError>>,
}

impl Worker {
    /// A worker that receives through this client.
    ///
    /// # Errors
    ///
    /// If the consumer says nothing about idempotency, or if a setting can never work.
    pub fn new(mut consumer: Consumer, source: impl QueueSource, config: WorkerConfig) -> Result<Self, Error> {
        if config.queues.is_empty() {
            return Err(Kind::Settings("a worker needs a queue: WorkerConfig::queue".to_owned()).into());
        }
        let source: Arc<dyn QueueSource> = Arc::new(source);
        // Without a word about the queue a worker still says for how long failed messages stay hidden: it has the client for it.
        consumer.settings.queue.get_or_insert_with(|| Queue::new(Arc::clone(&source)));
        let seams = consumer.settings.seams.clone();
        let recorder = Recorder::of(config.record_folder, config.redactor, &seams.clock);
        let (taken, takes) = mpsc::unbounded_channel();
        let (told, tells) = mpsc::unbounded_channel();
        let now = seams.clock.monotonic();
        let common = Common {
            pipeline: Pipeline::new(consumer)?,
            source,
            stop: Stop::new(Arc::clone(&seams.clock)),
            seams,
            stats: Arc::default(),
            done: DoneButNotDeleted::default(),
            taken,
            told,
            paused: watch::Sender::new(false),
            untold: watch::Sender::new(0),
            rate: config.rate.map(|rate| Mutex::new(Rate::new(rate, now))),
            health: Health::at(config.health),
            agent: config.protection.agent()?,
            recorder,
            drain: config.drain,
            max_duration: config.max_duration,
            least_concurrency: config.least_concurrency,
            until_empty: config.until_empty,
            silent: Mutex::default(),
            queues: config.queues.len(),
            receives: AtomicU64::new(0),
            is_idle: AtomicBool::new(true),
            refusal: Mutex::default(),
        };
        Ok(Self { common: Arc::new(common), queues: config.queues, taken: takes, told: tells })
    }

    /// A handle to stop and to look at it while it runs.
    #[must_use]
    pub fn handle(&self) -> WorkerHandle {
        WorkerHandle(Arc::clone(&self.common))
    }

    /// Receives and runs messages until it is told to stop.
    ///
    /// If the returned future is dropped the handlers that run are stopped, and their messages come back when their visibility timeout
    /// ends.
    ///
    /// # Errors
    ///
    /// If a queue does not exist or may not be asked, or if nobody can listen where health is to be answered.
    pub async fn run(self) -> Result<(), Error> {
        let common = Arc::clone(&self.common);
        let beside = join(health::start(&common).await?, protection::run(common));
        match select(pin!(self.work()), pin!(beside)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((never, _), _)) => match never {},
        }
    }

    async fn work(self) -> Result<(), Error> {
        let Self { common, queues, taken, told } = self;
        let polled = open_all(&common, &queues).await?;
        let lanes = polled.iter().flat_map(|queue| (0..queue.most_lanes()).map(|n| Lane::new(Arc::clone(queue), n)));
        // A few are polled one after the other, where their number is known: so a simulation that begins alike goes on alike.
        let lanes: Vec<_> = lanes.map(Lane::run).map(Box::pin).collect();
        let receiving = join_all(lanes);
        let keeper = Keeper::new(Arc::clone(&common), taken, told);
        let over = keeper.lanes_are_over();
        let receiving = async move {
            receiving.await;
            over.notify_one();
        };
        // The keeper first: tokio gives a task so much to do at a time, and lanes that have all they need would use it up for more messages.
        let work = pin!(join(keeper.run(), receiving));
        match select(pin!(common.stop.ended()), work).await {
            Either::Left(_) => tracing::warn!("the worker ends at once; what it had in hand comes back"),
            Either::Right(_) => {}
        }
        let refusal = common.refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
        refusal.map_or(Ok(()), |error| Err(Kind::Queue(error).into()))
    }
}

/// Finds every queue, and what it is set to.
async fn open_all(common: &Arc<Common>, queues: &[WorkerQueue]) -> Result<Vec<Arc<Polled>>, Error> {
    let mut opened = Vec::new();
    for queue in queues {
        let Some(open) = open(common, queue).await? else { break };
        common.pipeline.knows(QueueArn::new(&open.arn), &open.attributes);
        opened.push((queue, open));
    }
    let shares = shares(common.pipeline.concurrency(), queues);
    let turns = Arc::new(Turns::new(shares.clone()));
    let polled = opened
        .into_iter()
        .zip(shares)
        .map(|((queue, open), share)| Polled::new(Arc::clone(common), queue, &open, share, Arc::clone(&turns)));
    let polled: Vec<_> = polled.collect();
    common.health.found(polled.iter().map(|queue| queue.arn().as_str().into()));
    Ok(polled)
}

/// What each queue may have of the concurrency, and what it ought to have by its weight.
fn shares(concurrency: usize, queues: &[WorkerQueue]) -> Vec<Arc<Share>> {
    let weights: usize = queues.iter().map(|queue| queue.weight as usize).sum();
    let share = |(number, queue): (usize, &WorkerQueue)| {
        let most = queue.concurrency.unwrap_or(usize::MAX).min(concurrency);
        Arc::new(Share::new(number, most, concurrency * queue.weight as usize / weights))
    };
    queues.iter().enumerate().map(share).collect()
}

/// Finds a queue; `None` where the worker stops before it did.
async fn open(common: &Common, queue: &WorkerQueue) -> Result<Option<OpenQueue>, Error> {
    let mut trouble = Trouble::default();
    while let Some(found) = common.stop.unless_stopped(common.source.open(QueueName::of(&queue.name))).await {
        match found {
            Ok(open) => return Ok(Some(open)),
            Err(error) if error.is_denied() => return Err(Kind::Queue(error).into()),
            Err(error) => {
                let pause = trouble.again(common.chance());
                tracing::warn!(%error, pauseMs = pause.as_millis(), "the queue cannot be asked what it is set to");
                common.stop.unless_stopped(common.seams.clock.sleep(pause)).await;
            }
        }
    }
    Ok(None)
}

impl Common {
    /// Without chance there is no jitter.
    fn chance(&self) -> u32 {
        let mut bytes = [0; 4];
        self.seams.random.fill(&mut bytes).map_or(u32::MAX, |()| u32::from_le_bytes(bytes))
    }

    /// Names what was received together.
    fn next_receive(&self) -> u64 {
        self.receives.fetch_add(1, Ordering::Relaxed)
    }

    /// Hands messages to the keeper.
    fn keep(&self, taken: Taken) {
        // The keeper outlives the lanes, but where all ends at once.
        let _ = self.taken.send(taken);
    }

    /// Once nothing forbids a receive. While the store is silent only the first lane tries, once its pause is over.
    async fn may_receive(&self, lane: usize) {
        const ONCE_MORE: Duration = Duration::from_secs(1);
        // The senders are in here.
        let _ = self.paused.subscribe().wait_for(|paused| !paused).await;
        let _ = self.untold.subscribe().wait_for(|untold| *untold < MOST_UNTOLD).await;
        self.pipeline.has_company().await;
        loop {
            let pause = self.pipeline.store_is_silent_for();
            let waits_for_the_first = lane > 0 && self.pipeline.is_store_silent();
            match pause.or_else(|| waits_for_the_first.then_some(ONCE_MORE)) {
                Some(pause) => self.seams.clock.sleep(pause).await,
                None => return,
            }
        }
    }

    /// As many messages as may be taken now, or how long to wait.
    fn take_rate(&self, most: usize) -> Result<usize, Duration> {
        let Some(rate) = &self.rate else { return Ok(most) };
        rate.lock().unwrap_or_else(PoisonError::into_inner).take(most, self.seams.clock.monotonic())
    }

    fn give_back_rate(&self, messages: usize) {
        if let Some(rate) = &self.rate {
            rate.lock().unwrap_or_else(PoisonError::into_inner).unused(messages);
        }
    }

    /// A queue had nothing to give: whether that is so of all of them, and nothing is in hand.
    fn nothing_came(&self, arn: &str) -> bool {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_idle.load(Ordering::Relaxed) {
            silent.clear();
            return false;
        }
        silent.insert(arn.into());
        silent.len() >= self.queues
    }

    /// A queue gave something.
    fn something_came(&self) {
        self.is_idle.store(false, Ordering::Relaxed);
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Ends, because SQS refuses what no later attempt will be granted.
    fn refuse(&self, error: QueueError) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.stop.drain();
    }
}

/// Stops a worker, holds it up, and tells what it did. Clones are of the same worker.
#[derive(Clone)]
pub struct WorkerHandle(Arc<Common>);

impl WorkerHandle {
    /// Takes no more messages, ends what runs and gives back what does not, within the drain time; then [`Worker::run`] returns.
    pub fn stop(&self) {
        self.0.stop.drain();
    }

    /// Ends at once: handlers are dropped, nothing unfinished is deleted, and their messages come back when their visibility timeout ends.
    pub fn end(&self) {
        self.0.stop.end();
    }

    /// Takes no more messages until [`resume`](Self::resume). What is in hand runs on, and a receive that is under way may still bring
    /// some.
    pub fn pause(&self) {
        self.0.paused.send_replace(true);
    }

    /// Takes messages again.
    pub fn resume(&self) {
        self.0.paused.send_replace(false);
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> WorkerStats {
        self.0.stats.snapshot()
    }

    /// Where it answers probes; `None` where it does not ([`WorkerConfig::health`]), or not yet.
    #[must_use]
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.0.health.address()
    }
}

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkerHandle").field(&self.stats()).finish()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("queues", &self.queues).finish_non_exhaustive()
    }
}
