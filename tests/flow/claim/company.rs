//! Successes that wait for company, over a store that takes its time: how many calls they are, and how long any of them waits.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    Clock, Consumer, Idempotency,
    claim::{CompleteAnswer, CompleteRequest, IdempotencyStore, MemoryStore},
    extract::{Json, State},
    testkit::{
        ManualClock,
        event::{Event, Message},
        harness::Harness,
    },
};

use crate::as_store::as_its_store;

type Time = Option<Duration>;

/// A store whose completions take so long, and that says whether they are better made together.
#[derive(Clone)]
struct Slow {
    store: Arc<MemoryStore>,
    clock: ManualClock,
    takes: Duration,
    is_worth_it: bool,
    /// When completions were asked for, and how many each time.
    asked: Arc<Mutex<Vec<(Duration, usize)>>>,
}

impl IdempotencyStore for Slow {
    as_its_store!(claim, release, fail, renew, mark, read, forget);

    fn complete<'a>(&'a self, all: &'a [CompleteRequest], time: Time) -> BoxFuture<'a, Vec<CompleteAnswer>> {
        self.asked.lock().unwrap().push((self.clock.monotonic(), all.len()));
        Box::pin(async move {
            self.clock.sleep(self.takes).await;
            self.store.complete(all, time).await
        })
    }

    fn travels_together(&self) -> bool {
        self.is_worth_it
    }
}

/// Runs for so many milliseconds, and notes when it ended.
async fn work(State(ends): State<Ends>, Json(milliseconds): Json<u64>) {
    ends.clock.sleep(Duration::from_millis(milliseconds)).await;
    *ends.at.lock().unwrap().entry(ends.clock.monotonic()).or_default() += 1;
}

#[derive(Clone)]
struct Ends {
    clock: ManualClock,
    at: Arc<Mutex<BTreeMap<Duration, usize>>>,
}

/// How many calls a hundred messages are that end a millisecond apart, and the longest that one waited from its end to its call.
async fn completions(takes: u64, is_worth_it: bool, deadline: Option<Duration>) -> (usize, Duration) {
    let clock = ManualClock::new();
    let (store, takes) = (Arc::new(MemoryStore::new(clock.clone())), Duration::from_millis(takes));
    let slow = Slow { store, clock: clock.clone(), takes, is_worth_it, asked: Arc::default() };
    let ends = Ends { clock: clock.clone(), at: Arc::default() };
    let consumer = Consumer::new(work).state(ends.clone()).idempotency(Idempotency::new(slow.clone()));
    let harness = Harness::on_clock(consumer, clock);
    let harness = deadline.into_iter().fold(harness, Harness::deadline);
    let messages =
        (1..=100).map(|milliseconds: u64| Message::json(&milliseconds).unwrap().id(milliseconds.to_string()));
    let delivered = harness.deliver(&Event::standard("orders").messages(messages)).await;
    if deadline.is_none() {
        assert_eq!(delivered.report().failed(), 0);
    }
    let asked = slow.asked.lock().unwrap();
    let mut calls = asked.iter().flat_map(|(at, count)| vec![*at; *count]);
    let ended = ends.at.lock().unwrap();
    let ended = ended.iter().flat_map(|(at, count)| vec![*at; *count]);
    // In the order in which they ended they are recorded.
    let waited = ended.map(|end| calls.next().expect("each is recorded").saturating_sub(end)).max();
    (asked.len(), waited.unwrap_or_default())
}

#[tokio::test]
async fn successes_that_end_while_others_are_recorded_go_together() {
    let (apart, waited) = completions(5, false, None).await;
    assert_eq!((apart, waited), (100, Duration::ZERO));
    let (together, waited) = completions(5, true, None).await;
    assert!(together <= 21, "{together} calls");
    assert!(waited <= Duration::from_millis(5), "no longer than a call takes: {waited:?}");
}

/// A call that takes for ever holds nobody up for long.
#[tokio::test]
async fn no_success_waits_for_long() {
    let (calls, waited) = completions(1_000, true, None).await;
    assert!((2..=10).contains(&calls), "{calls} calls");
    assert_eq!(waited, Duration::from_millis(20));
}

/// Near the deadline nobody waits at all: what is not sent then is not recorded.
#[tokio::test]
async fn near_the_deadline_no_success_waits() {
    // 1,050 ms less a reserve of half of it: handlers are told to stop after 525, when all have ended; with 120 some have not.
    for deadline in [1_050, 120] {
        let (_, waited) = completions(15, true, Some(Duration::from_millis(deadline))).await;
        assert!(waited <= Duration::from_millis(20), "{waited:?}");
    }
}
