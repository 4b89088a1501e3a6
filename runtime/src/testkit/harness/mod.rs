//! A consumer under test: events in, what became of each message out. No runtime API, no HTTP, no real time.
//!
//! ```
//! use sqs_runtime::{Consumer, extract::Json, testkit::{event::{Event, Message}, harness::Harness}};
//!
//! async fn double(Json(_): Json<u64>) {}
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let harness = Harness::new(Consumer::new(double));
//! let event = Event::standard("numbers").message(Message::text("21").id("m-1")).message(Message::text("many").id("m-2"));
//!
//! let delivered = harness.deliver(&event).await;
//! delivered.assert_done("m-1");
//! delivered.assert_rejected("m-2").because("not valid JSON");
//! delivered.assert_returned(["m-2"]);
//!
//! harness.redeliver(&delivered).await.assert_already_done("m-1").assert_runs("m-1", 0);
//! # });
//! ```

mod assert;
mod delivered;
mod table;
mod work;

use std::{cell::Cell, fmt, time::Duration};

use futures_util::future::join_all;
use tokio::sync::Mutex;

use self::work::{Inbox, PipelineClock, Work};
pub use self::{assert::Failed, delivered::Delivered};
use super::{ManualClock, Seeded, event::Event};
use crate::{
    Consumer,
    handler::Invocation,
    run::{FailsWhen, Pipeline, Report},
};

/// Delivers events to a consumer, with a clock that stands still and chance that repeats itself. What a consumer claims is kept in
/// memory, unless it names a store.
///
/// # Time
///
/// The consumer's clock is a [`ManualClock`]. While a delivery waits for nothing but time, that time passes at once:
///
/// - a handler that waits on that clock ([`on_clock`](Self::on_clock)) is woken, or stopped by its deadline, whichever comes
///   first;
/// - where tokio's time is paused (`#[tokio::test(start_paused = true)]`), the clock follows it while a delivery runs, so that
///   handlers which wait with tokio's timers, or for ever, meet their deadline too.
///
/// Where tokio's time is not paused, whoever waits for something else, such as a server or a task of its own, is waited for in real
/// time, deadline included; unless another handler of the same delivery waits on the clock, whose time then passes. Between
/// deliveries the clock stands still until it is moved.
///
/// All messages run in the task that delivers. A handler that blocks its thread blocks that task.
pub struct Harness {
    pipeline: Pipeline,
    clock: ManualClock,
    /// What the pipeline spawns. Held by whoever delivers: deliveries wait for each other.
    inbox: Mutex<Inbox>,
    time: Option<Duration>,
    fails_when: Option<FailsWhen>,
}

impl Harness {
    /// A harness for this consumer. Its clock, chance and spawner are replaced.
    #[must_use]
    pub fn new(consumer: Consumer) -> Self {
        Self::on_clock(consumer, ManualClock::new())
    }

    /// The same on that clock, where the handler or the store has the clock already.
    #[must_use]
    pub fn on_clock(consumer: Consumer, clock: ManualClock) -> Self {
        let inbox = Inbox::default();
        let random = Seeded::new(next_seed());
        let consumer = consumer.clock(PipelineClock(clock.clone())).random(random).spawner(inbox.clone());
        Self { pipeline: Pipeline::for_tests(consumer), clock, inbox: Mutex::new(inbox), time: None, fails_when: None }
    }

    /// Gives each invocation that much time. Default: no deadline.
    #[must_use]
    pub fn deadline(self, time: Duration) -> Self {
        Self { time: Some(time), ..self }
    }

    /// Fails invocations where this says so, as Lambda's setting of the same name.
    #[must_use]
    pub fn fail_invocation_when(self, condition: impl Fn(&Report) -> bool + Send + Sync + 'static) -> Self {
        Self { fails_when: Some(FailsWhen::new(condition)), ..self }
    }

    /// The consumer's clock.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// The pipeline, for what the harness has no words for.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Delivers an event, as one invocation.
    ///
    /// # Panics
    ///
    /// If the event is refused as a whole, because it mixes queues and [`Consumer::single_queue`] is on.
    pub async fn deliver(&self, event: &Event) -> Delivered {
        self.work(self.invoke(event)).await
    }

    /// Delivers these events at the same time, each as an invocation of its own in the same process.
    ///
    /// # Panics
    ///
    /// As [`deliver`](Self::deliver).
    pub async fn deliver_together<'a>(&self, events: impl IntoIterator<Item = &'a Event>) -> Vec<Delivered> {
        self.work(join_all(events.into_iter().map(|event| self.invoke(event)))).await
    }

    /// Delivers the same messages once more, whatever became of them: receive counts raised by one, new receipt handles. For
    /// those alone that came back, deliver [`Delivered::returned`].
    ///
    /// # Panics
    ///
    /// As [`deliver`](Self::deliver).
    pub async fn redeliver(&self, delivered: &Delivered) -> Delivered {
        self.deliver(&delivered.event().redelivered()).await
    }

    async fn work<T>(&self, deliveries: impl Future<Output = T>) -> T {
        let inbox = self.inbox.lock().await;
        Work::new(deliveries, &inbox, &self.clock).await
    }

    #[expect(clippy::panic, reason = "a test that delivers what is refused is wrong")]
    async fn invoke(&self, event: &Event) -> Delivered {
        let invocation = self.pipeline.invocation(self.time);
        let invocation = self.fails_when.iter().cloned().fold(invocation, Invocation::fail_when);
        match self.pipeline.run(event.to_batch(), invocation).await {
            Ok(report) => Delivered::new(event.clone(), report),
            Err(error) => panic!("the event is refused: {error}"),
        }
    }
}

/// Harnesses of one test are processes of their own: with the same chance they would draw the same owners, and take each other's
/// claims for their own. Counted by thread, and so the same whatever other tests run.
fn next_seed() -> u64 {
    thread_local! {
        static SEEDS: Cell<u64> = const { Cell::new(0) };
    }
    SEEDS.with(|seeds| seeds.replace(seeds.get() + 1))
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harness").field("clock", &self.clock).field("time", &self.time).finish_non_exhaustive()
    }
}
