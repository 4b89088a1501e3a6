//! Messages whose claim somebody may hold: they do not come back before it is over.

use std::{sync::Arc, time::Duration};

use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    claim::MemoryStore,
    extract::Body,
    queue::{Backoff, Queue},
    testkit::{
        ManualClock, RecordingQueue,
        event::{Event, Message},
        harness::Harness,
    },
};

use super::{hidden, orders};
use crate::claim::wrong::Wrong;

/// Lambda's grace behind a deadline, and the protocol's skew.
const DEADLINE: Duration = Duration::from_secs(30);

struct Setup {
    store: Arc<MemoryStore>,
    clock: ManualClock,
    told: Arc<RecordingQueue>,
}

impl Setup {
    fn new() -> Self {
        let clock = ManualClock::new();
        Self { store: Arc::new(MemoryStore::new(clock.clone())), clock, told: Arc::new(RecordingQueue::new()) }
    }

    /// A process whose handler takes that long.
    fn process(&self, takes: Duration) -> Harness {
        let clock = self.clock.clone();
        let handler = move |_: Body| clock.sleep(takes);
        let queue = Queue::new(Arc::clone(&self.told)).backoff(Backoff::fixed(Duration::from_secs(1)));
        let consumer = Consumer::new(handler).idempotency(Idempotency::new(Arc::clone(&self.store))).queue(queue);
        Harness::on_clock(consumer, self.clock.clone()).deadline(DEADLINE)
    }

    /// A process is gone while its handler runs: its claim stays.
    async fn die_at_work(&self, event: &Event) {
        let (at_work, started) = tokio::sync::oneshot::channel::<()>();
        let at_work = Arc::new(std::sync::Mutex::new(Some(at_work)));
        let handler = move || {
            drop(at_work.lock().expect("no panic").take());
            std::future::pending::<()>()
        };
        let consumer = Consumer::new(handler).idempotency(Idempotency::new(Arc::clone(&self.store)));
        let harness = Harness::on_clock(consumer, self.clock.clone()).deadline(DEADLINE);
        let delivering = std::pin::pin!(harness.deliver(event));
        let futures_util::future::Either::Right(_) = futures_util::future::select(delivering, started).await else {
            panic!("it never ends by itself")
        };
    }
}

#[tokio::test]
async fn a_duplicate_comes_back_when_the_others_lease_is_over() {
    let setup = Setup::new();
    let harness = setup.process(Duration::from_secs(10));
    let event = orders(&["m"]);
    let [one, other] = &harness.deliver_together([&event, &event]).await[..] else { panic!("two deliveries") };
    one.assert_done("m");
    other.assert_in_progress_elsewhere("m");
    // Deadline, 5 s of grace, 1 s of skew, and up to 5 s so that many do not come at once.
    let [(_, seconds)] = &hidden(&setup.told)[..] else { panic!("one is hidden") };
    assert!((36..=42).contains(seconds), "{seconds}");
}

#[tokio::test]
async fn a_claim_that_is_nearly_over_is_waited_for() {
    let setup = Setup::new();
    let event = orders(&["m"]);
    setup.die_at_work(&event).await;
    let harness = setup.process(Duration::ZERO);
    // 35 s after the claim its lease ends.
    setup.clock.advance(Duration::from_secs(20));
    harness.deliver(&event).await.assert_in_progress_elsewhere("m");
    setup.clock.advance(Duration::from_secs(12));
    harness.deliver(&event).await.assert_done("m").assert_runs("m", 1);
    assert_eq!(hidden(&setup.told).len(), 1);
}

#[tokio::test]
async fn a_handler_that_was_stopped_leaves_its_claim_and_the_message_waits_for_it() {
    let setup = Setup::new();
    let harness = setup.process(Duration::from_secs(3_600));
    harness.deliver(&orders(&["m"])).await.assert_retried("m").because("time ran out");
    // Stopped 1.5 s before the deadline: 1.5 + 5 + 1 s are left, and some jitter.
    let [(_, seconds)] = &hidden(&setup.told)[..] else { panic!("one is hidden") };
    assert!((7..=13).contains(seconds), "{seconds}");
}

#[tokio::test]
async fn a_claim_that_was_released_holds_nothing_up() {
    let told = Arc::new(RecordingQueue::new());
    let consumer = Consumer::new(|| async { Err::<(), _>(Failure::retry_now()) }).idempotency(Idempotency::memory());
    let harness = Harness::new(consumer.queue(Queue::new(Arc::clone(&told)))).deadline(DEADLINE);
    harness.deliver(&orders(&["m"])).await.assert_retried("m");
    assert_eq!(hidden(&told), [("m".to_owned(), 0)]);
}

#[tokio::test]
async fn a_release_without_an_answer_is_no_release() {
    let told = Arc::new(RecordingQueue::new());
    let idempotency = Idempotency::new(Wrong::GivenUpUnknown);
    let consumer = Consumer::new(|| async { Err::<(), _>(Failure::retry_now()) }).idempotency(idempotency);
    let harness = Harness::new(consumer.queue(Queue::new(Arc::clone(&told)))).deadline(DEADLINE);
    harness.deliver(&orders(&["m"])).await.assert_retried("m");
    let [(_, seconds)] = &hidden(&told)[..] else { panic!("one is hidden") };
    assert!((36..=42).contains(seconds), "{seconds}");
}

/// 2^(receives - 1) minutes and up to half of that more.
#[tokio::test]
async fn while_the_store_is_down_messages_wait_longer_each_time() {
    let told = Arc::new(RecordingQueue::new());
    let consumer = Consumer::new(|| async {}).idempotency(Idempotency::new(Wrong::Unavailable));
    let harness = Harness::new(consumer.queue(Queue::new(Arc::clone(&told))));
    let message = |n: u32| Message::text("x").id(n.to_string()).receive_count(n);
    harness.deliver(&Event::standard("orders").messages([1, 2, 4, 9].map(message))).await;
    for ((_, seconds), least) in hidden(&told).into_iter().zip([60, 120, 480, 3_600]) {
        assert!((least..=least * 3 / 2).contains(&seconds), "{seconds} for {least}");
    }
    assert_eq!(hidden(&told).len(), 4);
}
