//! Settings of a worker.

use std::{fmt, path::PathBuf, time::Duration};

use super::{health::HealthAddress, protection::Protection};
use crate::run::record::Redactor;

/// Settings for a worker.
///
/// ```
/// use std::time::Duration;
/// use sqs_runtime::run::{WorkerConfig, WorkerQueue};
///
/// let orders = WorkerQueue::new("https://sqs.eu-west-1.amazonaws.com/123456789012/orders").concurrency(40);
/// let config = WorkerConfig::new().queue(orders).max_duration(Duration::from_secs(300));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerConfig {
    pub(super) queues: Vec<WorkerQueue>,
    pub(super) drain: Duration,
    pub(super) max_duration: Duration,
    pub(super) least_concurrency: Option<usize>,
    pub(super) until_empty: bool,
    pub(super) rate: Option<u32>,
    pub(super) health: Option<HealthAddress>,
    pub(super) protection: Protection,
    pub(super) record_folder: Option<PathBuf>,
    pub(super) redactor: Option<Redactor>,
}

/// SQS hides no message for longer than 12 h; this is what can be had of them for sure.
const LONGEST: Duration = Duration::from_secs(11 * 3_600 + 50 * 60);

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            queues: Vec::new(),
            drain: Duration::from_secs(25),
            max_duration: LONGEST,
            least_concurrency: None,
            until_empty: false,
            rate: None,
            health: None,
            protection: Protection::default(),
            record_folder: None,
            redactor: None,
        }
    }
}

impl WorkerConfig {
    /// The defaults, without a queue yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Receives from that queue too, given as such or by its URL or Amazon Resource Name.
    #[must_use]
    pub fn queue(mut self, queue: impl Into<WorkerQueue>) -> Self {
        self.queues.push(queue.into());
        self
    }

    /// How long a worker that is told to stop may take: what runs by then is stopped and given back. Default 25 s, below the 30 s after
    /// which ECS and Kubernetes kill a container.
    #[must_use]
    pub fn drain(self, time: Duration) -> Self {
        Self { drain: time, ..self }
    }

    /// How long the handler of one message may run; it is stopped then, and the message comes back. Default, and at most, 11 h 50 min:
    /// SQS hides no message for longer than 12 h.
    #[must_use]
    pub fn max_duration(self, time: Duration) -> Self {
        Self { max_duration: time.min(LONGEST), ..self }
    }

    /// Runs fewer messages at a time while what is behind the handler suffers, and never fewer than that: the limit falls where more than
    /// a fifth of the runs fail or runs take ever longer, and grows back. Default off: as many as [`Consumer::concurrency`] says.
    ///
    /// A rejection is no failure of what is behind.
    ///
    /// [`Consumer::concurrency`]: crate::Consumer::concurrency
    #[must_use]
    pub fn adaptive(self, at_least: usize) -> Self {
        Self { least_concurrency: Some(at_least.max(1)), ..self }
    }

    /// Ends once every queue has nothing to give and nothing is in hand: for jobs. A message that is hidden, by a backoff or because
    /// somebody else has it, is nothing to give.
    #[must_use]
    pub fn until_empty(self) -> Self {
        Self { until_empty: true, ..self }
    }

    /// Receives at most so many messages a second, all queues together; a burst of ten is let through. Default: no limit.
    #[must_use]
    pub fn rate(self, messages_a_second: u32) -> Self {
        Self { rate: Some(messages_a_second.max(1)), ..self }
    }

    /// Answers probes and scrapers over HTTP: at that port of 127.0.0.1, or at a whole address where others have to reach it. It listens
    /// before the first receive and until the worker has ended; where it cannot, the worker does not start. Default: no.
    ///
    /// | page | 200 | 503, with a line that says why |
    /// | --- | --- | --- |
    /// | `/healthz` | the worker lives | receives were asked for and none was answered for more than 5 minutes; or a message that was told to stop, because it took longer than [`max_duration`](Self::max_duration), is still in hand a minute later |
    /// | `/readyz` | it takes messages | its queues are not found yet, or it stops |
    /// | `/metrics` | always: Prometheus' text format, version 0.0.4 | |
    ///
    /// A worker that asks for nothing lives: one that is paused, whose store is silent, or whose permits are all in use. Where handlers
    /// block every thread of the runtime nobody answers, which tells a probe the same. What waits in the queues is asked for when
    /// `/metrics` is, once a minute at most.
    ///
    /// At most 16 connections are answered at a time, each for 5 s at most. There is no TLS and no password: an address other than
    /// 127.0.0.1 is for a network that you trust. No page names an account or a message.
    #[must_use]
    pub fn health(self, at: impl Into<HealthAddress>) -> Self {
        Self { health: Some(at.into()), ..self }
    }

    /// The URI of the ECS agent that protects the task from being scaled in while messages are in hand. Default: the one that
    /// `ECS_AGENT_URI` names, which ECS sets in every task; where it is not set, nobody is asked.
    ///
    /// Protection is asked for when the first message is in hand, for 30 minutes, renewed after 15, and given up once nothing was in
    /// hand for a minute: two calls a minute at most. The task's role needs `ecs:UpdateTaskProtection`. Where ECS refuses or does not
    /// answer, that is one warning, and the work goes on.
    #[must_use]
    pub fn task_protection(self, agent_uri: impl Into<String>) -> Self {
        Self { protection: Protection::At(agent_uri.into().into()), ..self }
    }

    /// Asks no ECS agent, whatever the environment says: for tasks that belong to no service, which ECS protects from nothing.
    #[must_use]
    pub fn without_task_protection(self) -> Self {
        Self { protection: Protection::Off, ..self }
    }

    /// Writes every receive into that folder, as a file with the event that an event source mapping would have sent for it: by the rules,
    /// and within the bounds, of `LambdaConfig::record_events`. No message waits for its file. Default: the folder that
    /// `SQS_RUNTIME_RECORD` names in the environment; where it is not set, nothing is recorded.
    #[must_use]
    pub fn record_events(self, folder: impl Into<PathBuf>) -> Self {
        Self { record_folder: Some(folder.into()), ..self }
    }

    /// What stands in a recorded event for the text of a body, and for the text of a message attribute: as `LambdaConfig::record_bodies`
    /// has it.
    #[must_use]
    pub fn record_bodies(self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { redactor: Some(Redactor::new(redact)), ..self }
    }
}

/// A queue that a worker receives from.
#[derive(Clone)]
pub struct WorkerQueue {
    pub(super) name: Box<str>,
    pub(super) concurrency: Option<usize>,
    pub(super) weight: u32,
    pub(super) visibility_timeout: Option<Duration>,
    pub(super) wait: Duration,
}

impl WorkerQueue {
    /// The queue of that URL or Amazon Resource Name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into().into();
        Self { name, concurrency: None, weight: 1, visibility_timeout: None, wait: Duration::from_secs(20) }
    }

    /// How many of its messages may be in hand at a time. Default: as many as the consumer runs at a time.
    #[must_use]
    pub fn concurrency(self, limit: usize) -> Self {
        Self { concurrency: Some(limit.max(1)), ..self }
    }

    /// Its share of what the consumer runs at a time, beside the worker's other queues: of 40, those of weights 3 and 1 have 30 and 10 in
    /// hand while both are busy. What one does not use the others have, until it asks: permits are given to the queue that has least of its
    /// share as they come back. While a queue has nothing to give it holds no more than its share, so that its long poll keeps no permits
    /// from the others. Default 1; 0 counts as 1.
    #[must_use]
    pub fn weight(self, weight: u32) -> Self {
        Self { weight: weight.max(1), ..self }
    }

    /// For how long a message is hidden at a time; it is renewed from half of that for as long as the message is in hand. Default: the
    /// queue's own visibility timeout, and 30 s where that is less. A crash is noticed after this time.
    #[must_use]
    pub fn visibility_timeout(self, time: Duration) -> Self {
        Self { visibility_timeout: Some(time), ..self }
    }

    /// How long a receive waits for the first message. Default, and at most, 20 s, and half of the visibility timeout; whole seconds.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        Self { wait: time.min(Duration::from_secs(20)), ..self }
    }
}

impl From<&str> for WorkerQueue {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for WorkerQueue {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for WorkerQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its name holds an account id.
        f.debug_struct("WorkerQueue")
            .field("concurrency", &self.concurrency)
            .field("weight", &self.weight)
            .finish_non_exhaustive()
    }
}
