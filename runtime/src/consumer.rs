//! What a program says once: the handler, its state, its layers, how messages are claimed, how many run at a time.

use std::{fmt, num::NonZeroUsize, sync::Arc};

use tower::{BoxError, Layer, Service, util::BoxCloneService};

use crate::{
    batch::Checks,
    claim::{Guard, Idempotency},
    clock::{Clock, SharedClock, SystemClock},
    handler::{Delivery, Handled, Handler, MessageService, message_service},
    metrics::MetricsSink,
    queue::Queue,
    random::{Random, SharedRandom, SystemRandom},
    run::{Slips, Spawn, Spawner, Witness},
};

/// A consumer of a queue: one async function for one message, and how to run it. Holds nothing that belongs to one host.
///
/// `S` is the state that is still missing: [`state`](Self::state) gives it. Functions without
/// [`State`](crate::extract::State) need none.
///
/// ```
/// use sqs_runtime::{Consumer, Failure, Idempotency, extract::{Json, State}};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     cents: u64,
/// }
/// #[derive(Clone)]
/// struct Shop;
///
/// async fn place(State(_shop): State<Shop>, Json(order): Json<Order>) -> Result<(), Failure> {
///     if order.cents == 0 {
///         return Err(Failure::reject("an order of nothing"));
///     }
///     Ok(())
/// }
///
/// let consumer: Consumer = Consumer::new(place).state(Shop).idempotency(Idempotency::memory()).concurrency(32);
/// ```
pub struct Consumer<S = ()> {
    build: Box<dyn FnOnce(S) -> MessageService + Send>,
    pub(crate) settings: Settings,
}

/// All that is not the handler.
pub(crate) struct Settings {
    pub(crate) concurrency: NonZeroUsize,
    pub(crate) guard: Guard,
    pub(crate) queue: Option<Queue>,
    /// Nothing said about the queue means nothing is to be said to it.
    pub(crate) is_without_queue: bool,
    pub(crate) checks: Checks,
    pub(crate) single_queue: bool,
    pub(crate) sinks: Vec<Arc<dyn MetricsSink>>,
    pub(crate) seams: Seams,
}

/// Time, chance and spawning: values, so that the test kit can replace them.
#[derive(Clone)]
pub(crate) struct Seams {
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) spawner: Spawner,
    pub(crate) slips: Slips,
    /// Hears what every message of a worker came to: a simulation does.
    #[cfg_attr(not(any(feature = "worker", feature = "testkit")), expect(dead_code, reason = "only a worker has one"))]
    pub(crate) witness: Option<Witness>,
}

impl Default for Settings {
    fn default() -> Self {
        let seams = Seams {
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            spawner: Spawner::default(),
            slips: Slips::default(),
            witness: None,
        };
        Self {
            concurrency: DEFAULT_CONCURRENCY,
            guard: Guard::default(),
            queue: None,
            is_without_queue: false,
            checks: Checks::default(),
            single_queue: false,
            sinks: Vec::new(),
            seams,
        }
    }
}

/// How many messages run at a time unless [`Consumer::concurrency`] says otherwise.
const DEFAULT_CONCURRENCY: NonZeroUsize = NonZeroUsize::new(100).unwrap();

impl<S: Send + Sync + 'static> Consumer<S> {
    /// A consumer that runs this function for each message.
    pub fn new<H, T>(handler: H) -> Self
    where
        H: Handler<T, S>,
    {
        Self { build: Box::new(|state| message_service(handler, state)), settings: Settings::default() }
    }

    /// Gives the handler its state; handlers take it, or a part of it, as [`State`](crate::extract::State).
    #[must_use]
    pub fn state<S2: 'static>(self, state: S) -> Consumer<S2> {
        let build = self.build;
        Consumer { build: Box::new(move |_| build(state)), settings: self.settings }
    }

    /// Wraps a tower layer around the handler, for one message at a time: time-outs, traces, checks of one's own. The one
    /// that is added last is met first. [`layer`](crate::layer) says where this stands among the crate's own.
    #[must_use]
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<MessageService> + Send + 'static,
        L::Service: Service<Delivery, Response = Handled> + Clone + Send + 'static,
        <L::Service as Service<Delivery>>::Future: Send + 'static,
        <L::Service as Service<Delivery>>::Error: Into<BoxError>,
    {
        let build = self.build;
        let build = move |state| boxed(layer.layer(build(state)));
        Self { build: Box::new(build), settings: self.settings }
    }
}

fn boxed<V>(service: V) -> MessageService
where
    V: Service<Delivery, Response = Handled> + Clone + Send + 'static,
    V::Future: Send + 'static,
    V::Error: Into<BoxError>,
{
    BoxCloneService::new(tower::util::MapErr::new(service, Into::into as fn(V::Error) -> BoxError))
}

impl<S> Consumer<S> {
    /// Claims every message before its handler runs, so that its work commits once.
    #[must_use]
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.settings.guard = Guard::On(Box::new(idempotency));
        self
    }

    /// Runs without claims: a message that is delivered twice runs twice. The only way to turn idempotency off.
    #[must_use]
    pub fn without_idempotency(mut self) -> Self {
        self.settings.guard = Guard::Off;
        self
    }

    /// Tells the queue about messages that did not succeed: for how long each stays hidden, and what goes to the dead-letter queue at
    /// once. Without it they come back after the queue's visibility timeout; but [`run`](crate::run()) has it said by default where it
    /// can.
    #[must_use]
    pub fn queue(mut self, queue: Queue) -> Self {
        self.settings.queue = Some(queue);
        self
    }

    /// Tells the queue nothing on Lambda: failed messages come back after its visibility timeout, and the redrive policy alone moves them.
    /// Where [`run`](crate::run()) would tell it because the program has the features `sqs` and `env`. A worker tells its queue all the
    /// same, since nobody else does.
    #[must_use]
    pub fn without_queue(mut self) -> Self {
        self.settings.queue = None;
        self.settings.is_without_queue = true;
        self
    }

    /// How many messages may run at a time in this process, all invocations together; a handler that does not yield and was left behind at
    /// its deadline counts no more. Default 100; 0 counts as 1. Under
    /// [`run`](crate::run()) the environment's `SQS_RUNTIME_CONCURRENCY` wins.
    #[must_use]
    pub fn concurrency(mut self, limit: usize) -> Self {
        self.settings.concurrency = NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MIN);
        self
    }

    /// Checks the MD5 digests that SQS sends along, of body and attributes. A message that does not match its digest comes
    /// back without a run. Default off: nothing else in the Rust SDK checks them, and TLS does already.
    #[must_use]
    pub fn verify_md5(mut self, on: bool) -> Self {
        self.settings.checks.md5 = on;
        self
    }

    /// Rejects bodies of more than that many bytes without a run. Default: no limit below the 1 MiB of SQS.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.checks.body_limit = Some(bytes);
        self
    }

    /// Refuses an event that mixes records of several queues, as only a direct invocation can. Default off: such an event
    /// runs, with a warning.
    #[must_use]
    pub fn single_queue(mut self, on: bool) -> Self {
        self.settings.single_queue = on;
        self
    }

    /// Tells this sink what each batch came to in numbers; several sinks are told one after the other.
    #[must_use]
    pub fn metrics(mut self, sink: impl MetricsSink) -> Self {
        self.settings.sinks.push(Arc::new(sink));
        self
    }

    /// Replaces the clock; for tests and simulations.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.seams.clock = Arc::new(clock);
        self
    }

    /// Replaces the source of chance; for tests and simulations.
    #[must_use]
    pub fn random(mut self, random: impl Random) -> Self {
        self.settings.seams.random = Arc::new(random);
        self
    }

    /// Replaces what drives the messages' tasks; for tests and simulations.
    #[must_use]
    pub fn spawner(mut self, spawner: impl Spawn) -> Self {
        self.settings.seams.spawner = Spawner::Other(Arc::new(spawner));
        self
    }
}

impl Consumer {
    pub(crate) fn into_parts(self) -> (MessageService, Settings) {
        ((self.build)(()), self.settings)
    }
}

impl<S> fmt::Debug for Consumer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("concurrency", &self.settings.concurrency)
            .field("idempotency", &self.settings.guard)
            .finish_non_exhaustive()
    }
}
