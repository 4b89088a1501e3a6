//! When a worker receives, and how much.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    Consumer,
    batch::{QueueArn, Record},
    extract::{Body, State},
    queue::{
        DeadLetter, EntryAnswer, OpenQueue, QueueAttributes, QueueClient, QueueError, QueueName, QueueSource,
        ReceiveRequest, ReceivedMessage, VisibilityChange,
    },
    run::{Worker, WorkerConfig, WorkerQueue},
    testkit::{MemoryQueue, PausedClock, QueueSettings, SentMessage},
};

use super::{Site, once, seconds};

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_paused_takes_nothing_new_and_ends_what_it_has() {
    let site = Site::standard();
    site.send((0..100).map(|n| format!("10 {n}")));
    let (handle, running) = site.start(site.consumer().idempotency(once()).concurrency(10), WorkerConfig::new());
    site.pass(seconds(5)).await;
    handle.pause();
    site.pass(seconds(100)).await;
    // What was asked for before may have come.
    let (started, finished) = (site.ran.started(), site.ran.finished());
    assert!(started <= 20 && started == finished, "{started} {finished}");
    handle.resume();
    site.pass(seconds(200)).await;
    assert_eq!(site.ran.finished(), 100);
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_messages_are_taken_than_the_rate_allows() {
    let site = Site::standard();
    site.send((0..1_000).map(|n| format!("0 {n}")));
    let config = WorkerConfig::new().rate(5);
    let (handle, running) = site.start(site.consumer().idempotency(once()), config);
    site.pass(seconds(60)).await;
    let received = handle.stats().received;
    assert!((290..=311).contains(&received), "{received}");
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn receives_are_full_where_the_queue_is() {
    let site = Site::standard();
    site.send((0..1_000).map(|n| format!("1 {n}")));
    let handle = site.drain(site.consumer().idempotency(once()).concurrency(100)).await;
    let stats = handle.stats();
    assert_eq!((stats.done, stats.deleted), (1_000, 1_000));
    // A hundred are enough; while the number of lanes grows, and at the end, there are a few more.
    let full = stats.receives - stats.empty_receives;
    assert!((100..=110).contains(&full), "{stats:?}");
}

#[tokio::test(start_paused = true)]
async fn a_receive_waits_for_permits_only_until_it_has_them() {
    let site = Site::standard();
    site.send((0..1_000).map(|n| (n % 10 + 1).to_string()));
    let consumer = Consumer::new(take_milliseconds).state(site.clock.clone()).clock(site.clock.clone());
    let (handle, running) = site.start(consumer.without_idempotency().concurrency(10), WorkerConfig::new());
    // A receive of ten takes all permits, and they come back one after the other within ten milliseconds.
    site.pass(seconds(2)).await;
    let stats = handle.stats();
    assert_eq!(stats.done, 1_000, "{stats:?}");
    assert!(stats.receives <= 101, "{stats:?}");
    handle.stop();
    running.await.unwrap();
}

async fn take_milliseconds(State(clock): State<PausedClock>, body: Body) {
    sqs_runtime::Clock::sleep(&clock, Duration::from_millis(body.parse().unwrap())).await;
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_worker_runs_less_while_its_handlers_fail() {
    let site = Site::standard();
    site.send((0..2_000).map(|n| format!("1 fail {n}")));
    let (handle, running) =
        site.start(site.consumer().without_idempotency().concurrency(100), WorkerConfig::new().adaptive(2));
    site.pass(seconds(30)).await;
    let failed = handle.stats().failed;
    site.pass(seconds(20)).await;
    let later = handle.stats().failed - failed;
    // Two at a time, a second each.
    assert!(later <= 60, "{later}");
    assert!(later >= 20, "{later}");
    handle.end();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_does_not_keep_the_permits_from_a_busy_one() {
    let clock = PausedClock::new();
    let [busy, idle] = ["busy", "idle"].map(|name| Arc::new(MemoryQueue::new(QueueSettings::new(name), clock.clone())));
    let site = Site { queue: Arc::clone(&busy), clock, ran: super::Ran::default() };
    site.send((0..100).map(|n| format!("1 {n}")));
    let config = WorkerConfig::new().queue(idle.arn()).queue(WorkerQueue::new(busy.arn()).weight(9));
    let queues = Both([busy, Arc::clone(&idle)]);
    let worker = Worker::new(site.consumer().idempotency(once()).concurrency(10), queues, config).unwrap();
    let handle = worker.handle();
    let running = tokio::spawn(async move { worker.run().await.unwrap() });
    site.pass(seconds(18)).await;
    // Nine at a time of the busy one; the idle one's long poll holds one permit.
    assert_eq!(site.ran.finished(), 100, "{:?}", handle.stats());
    assert!(site.ran.most() <= 10);
    idle.enqueue(SentMessage::new("0"));
    site.pass(Duration::from_millis(1)).await;
    assert_eq!(site.ran.finished(), 101);
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn queues_that_are_all_busy_share_the_permits_by_their_weights() {
    for (takes, weights, held) in
        [(10, [3, 1], [30, 10]), (1, [3, 1], [30, 10]), (10, [1, 1], [20, 20]), (2, [1, 7], [5, 35])]
    {
        let clock = PausedClock::new();
        let queues = ["a", "b"].map(|name| Arc::new(MemoryQueue::new(QueueSettings::new(name), clock.clone())));
        let running: [Arc<AtomicUsize>; 2] = Default::default();
        let consumer = Consumer::new(count_running).state((running.clone(), clock.clone(), seconds(takes)));
        let consumer = consumer.clock(clock.clone()).without_idempotency().concurrency(40);
        let weighted = queues.iter().zip(weights).map(|(queue, weight)| WorkerQueue::new(queue.arn()).weight(weight));
        let config = weighted.fold(WorkerConfig::new(), WorkerConfig::queue);
        let worker = Worker::new(consumer, Both(queues.clone()), config).unwrap();
        let handle = worker.handle();
        let working = tokio::spawn(async move { worker.run().await.unwrap() });
        let fill = |nth: usize| (0..10_000).for_each(|_| drop(queues[nth].enqueue(SentMessage::new(nth.to_string()))));
        let running = || [0, 1].map(|nth: usize| running[nth].load(SeqCst));
        // Alone it has all of them but what the other one's long poll holds.
        fill(0);
        sqs_runtime::Clock::sleep(&clock, seconds(19)).await;
        assert!(running()[0] >= 40 - held[1].min(10), "{:?}", running());
        fill(1);
        for _ in 0..20 {
            // Not at the beat of the handlers, which give back a few at a time.
            sqs_runtime::Clock::sleep(&clock, Duration::from_millis(takes * 1_000 + 437)).await;
        }
        let [a, b] = running();
        assert!(a.abs_diff(held[0]) <= 1 && b.abs_diff(held[1]) <= 1, "{weights:?} at {takes} s: {a} and {b}");
        handle.end();
        working.await.unwrap();
    }
}

type Counting = ([Arc<AtomicUsize>; 2], PausedClock, Duration);

async fn count_running(State((running, clock, takes)): State<Counting>, body: Body) {
    let running = &running[body.parse::<usize>().unwrap()];
    running.fetch_add(1, SeqCst);
    sqs_runtime::Clock::sleep(&clock, takes).await;
    running.fetch_sub(1, SeqCst);
}

/// Two queues behind one client.
struct Both([Arc<MemoryQueue>; 2]);

impl Both {
    fn of(&self, arn: QueueArn<'_>) -> &MemoryQueue {
        self.0.iter().find(|queue| queue.arn() == arn.as_str()).expect("one of the two")
    }
}

type Time = Option<Duration>;

impl QueueClient for Both {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        self.of(queue).attributes(queue, time)
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.of(queue).change_visibility(queue, changes, time)
    }

    fn send<'a>(&'a self, to: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.0[0].send(to, letters, time)
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        self.of(queue).delete(queue, records, time)
    }
}

impl QueueSource for Both {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        let QueueName::Arn(arn) = queue else { panic!("named by its Amazon Resource Name") };
        self.of(arn).open(queue)
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        QueueSource::receive(self.of(queue), queue, request)
    }
}

/// For how long it is hidden is counted from before the wait.
#[tokio::test(start_paused = true)]
async fn a_message_that_comes_at_the_end_of_a_wait_runs_at_its_first_receive() {
    for after in [9, 19] {
        let site = Site::standard();
        let queue = WorkerQueue::new(site.queue.arn()).visibility_timeout(seconds(10));
        let consumer = site.consumer().idempotency(once());
        let worker = Worker::new(consumer, Arc::clone(&site.queue), WorkerConfig::new().queue(queue)).unwrap();
        let handle = worker.handle();
        let running = tokio::spawn(worker.run());
        site.pass(seconds(after)).await;
        site.send(["1"]);
        site.pass(seconds(2)).await;
        assert_eq!((site.ran.started(), site.ran.finished(), site.queue.len()), (1, 1, 0), "{after}");
        handle.stop();
        running.await.unwrap().unwrap();
    }
}
