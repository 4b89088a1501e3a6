//! What probes and scrapers see: over real sockets, while virtual time stands.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqs_runtime::{
    batch::QueueArn,
    queue::{
        Backoff, OpenQueue, Queue, QueueAttributes, QueueClient, QueueError, QueueName, QueueSource, ReceiveRequest,
        ReceivedMessage,
    },
    run::{HealthAddress, Worker, WorkerConfig, WorkerHandle},
    testkit::MemoryQueue,
};
use tokio::task::JoinHandle;

use super::{Site, once, seconds};
use crate::as_queue::as_its_queue;

/// The queue behind a wire that can be cut.
#[derive(Clone)]
struct Wire {
    queue: Arc<MemoryQueue>,
    opens: Arc<AtomicBool>,
    receives: Arc<AtomicBool>,
    /// How often the queue was asked what it is set to.
    asked: Arc<AtomicUsize>,
}

impl Wire {
    fn to(queue: &Arc<MemoryQueue>) -> Self {
        let (opens, receives) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(true)));
        Self { queue: Arc::clone(queue), opens, receives, asked: Arc::default() }
    }
}

type Time = Option<Duration>;

impl QueueClient for Wire {
    as_its_queue!(change_visibility, send, delete);

    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.queue.attributes(queue, time)
    }
}

impl QueueSource for Wire {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        match self.opens.load(Ordering::SeqCst) {
            true => self.queue.open(queue),
            false => Box::pin(async { Err(QueueError::new("the wire is cut")) }),
        }
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        match self.receives.load(Ordering::SeqCst) {
            true => QueueSource::receive(&self.queue, queue, request),
            false => Box::pin(async { Err(QueueError::new("the wire is cut")) }),
        }
    }
}

/// Sends these bytes and reads whatever comes. Virtual time stands as long as somebody waits so.
async fn exchange(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&bytes).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

/// The status, and the page.
pub(super) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let answer = exchange(address, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}", page.len())), "{answer}");
    (status(&answer), page.trim_end().to_owned())
}

/// A worker that answers probes at a free port.
struct Probed {
    site: Site,
    wire: Wire,
    handle: WorkerHandle,
    running: JoinHandle<()>,
}

impl Probed {
    /// Before its queue is found, where the wire is cut. What fails comes back after a time that no chance decides.
    async fn start(site: Site, wire: Wire) -> Self {
        let config = WorkerConfig::new().queue(site.queue.arn()).health(0);
        let queue = Queue::new(wire.clone()).backoff(Backoff::fixed(seconds(100)));
        let worker = Worker::new(site.consumer().queue(queue).idempotency(once()), wire.clone(), config).unwrap();
        let handle = worker.handle();
        assert_eq!(handle.health_address(), None);
        let running = tokio::spawn(async move { worker.run().await.unwrap() });
        site.pass(seconds(1)).await;
        Self { site, wire, handle, running }
    }

    async fn new() -> Self {
        let site = Site::standard();
        let wire = Wire::to(&site.queue);
        Self::start(site, wire).await
    }

    fn address(&self) -> SocketAddr {
        self.handle.health_address().expect("it listens")
    }

    async fn get(&self, path: &str) -> (u16, String) {
        get(self.address(), path).await
    }

    async fn metric(&self, sample: &str) -> Option<f64> {
        let (status, page) = self.get("/metrics").await;
        assert_eq!(status, 200);
        let line = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    async fn stop(self) {
        self.handle.stop();
        self.running.await.unwrap();
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_waits_for_messages_lives_and_is_ready() {
    let probed = Probed::new().await;
    assert!(probed.address().ip().is_loopback());
    probed.site.pass(seconds(3_600)).await;
    assert_eq!(probed.get("/healthz").await, (200, "live".to_owned()));
    assert_eq!(probed.get("/readyz").await, (200, "ready".to_owned()));
    let address = probed.address();
    probed.stop().await;
    assert!(TcpStream::connect(address).is_err(), "nobody answers once it has ended");
}

#[tokio::test(start_paused = true)]
async fn it_lives_and_is_not_ready_before_its_queue_is_found_and_while_it_stops() {
    let site = Site::standard();
    let wire = Wire::to(&site.queue);
    wire.opens.store(false, Ordering::SeqCst);
    let probed = Probed::start(site, wire).await;
    probed.site.pass(seconds(3_600)).await;
    assert_eq!(probed.get("/healthz").await.0, 200);
    assert_eq!(probed.get("/readyz").await, (503, "its queues are not found yet".to_owned()));
    probed.wire.opens.store(true, Ordering::SeqCst);
    probed.site.send(["1000"]);
    probed.site.pass(seconds(100)).await;
    assert_eq!((probed.get("/readyz").await.0, probed.site.ran.started()), (200, 1));
    probed.handle.stop();
    probed.site.pass(seconds(1)).await;
    assert_eq!(probed.get("/readyz").await, (503, "it stops".to_owned()));
    assert_eq!(probed.get("/healthz").await.0, 200);
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_does_not_live_once_no_receive_was_answered_for_five_minutes() {
    let probed = Probed::new().await;
    probed.site.pass(seconds(60)).await;
    probed.wire.receives.store(false, Ordering::SeqCst);
    probed.site.pass(seconds(290)).await;
    assert_eq!(probed.get("/healthz").await.0, 200);
    probed.site.pass(seconds(60)).await;
    let (status, why) = probed.get("/healthz").await;
    assert!(status == 503 && why.starts_with("SQS has answered no receive for 3"), "{status} {why}");
    assert_eq!(probed.get("/readyz").await.0, 200);
    probed.wire.receives.store(true, Ordering::SeqCst);
    probed.site.pass(seconds(60 + 20 + 1)).await;
    assert_eq!(probed.get("/healthz").await.0, 200);
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_lives_while_it_is_paused_and_just_after() {
    let probed = Probed::new().await;
    probed.wire.receives.store(false, Ordering::SeqCst);
    probed.site.pass(seconds(60)).await;
    probed.handle.pause();
    probed.site.pass(seconds(3_600)).await;
    assert_eq!(probed.get("/healthz").await.0, 200);
    probed.handle.resume();
    probed.site.pass(seconds(30)).await;
    assert_eq!(probed.get("/healthz").await.0, 200);
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_lives_while_everything_it_may_run_runs() {
    let site = Site::standard();
    let wire = Wire::to(&site.queue);
    site.send((0..100).map(|n| format!("7200 {n}")));
    let probed = Probed::start(site, wire).await;
    probed.site.pass(seconds(3_600)).await;
    assert_eq!((probed.handle.stats().in_flight, probed.get("/healthz").await.0), (100, 200));
    let since = probed.metric("sqs_runtime_last_poll_age_seconds").await;
    assert!(since.is_some_and(|since| since > 3_000.0), "{since:?}");
    probed.site.pass(seconds(3_610)).await;
    assert_eq!((probed.handle.stats().done, probed.get("/healthz").await.0), (100, 200));
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_metrics_say_what_it_did() {
    let site = Site::standard();
    let wire = Wire::to(&site.queue);
    site.send((0..8).map(|n| format!("2 {n}")).chain(["2 fail".to_owned(), "500".to_owned()]));
    let probed = Probed::start(site, wire).await;
    probed.site.pass(seconds(10)).await;
    for (sample, value) in [
        ("sqs_runtime_received_messages_total", 10.0),
        ("sqs_runtime_done_messages_total", 8.0),
        ("sqs_runtime_deleted_messages_total", 8.0),
        ("sqs_runtime_failed_messages_total{outcome=\"retry\"}", 1.0),
        ("sqs_runtime_failed_messages_total{outcome=\"rejected\"}", 0.0),
        ("sqs_runtime_receives_total{result=\"messages\"}", 1.0),
        ("sqs_runtime_in_flight_messages", 1.0),
        ("sqs_runtime_concurrency_limit_messages", 100.0),
        ("sqs_runtime_oldest_in_hand_seconds", 11.0),
        ("sqs_runtime_handler_duration_seconds_bucket{le=\"1\"}", 0.0),
        ("sqs_runtime_handler_duration_seconds_bucket{le=\"10\"}", 9.0),
        ("sqs_runtime_handler_duration_seconds_count", 9.0),
    ] {
        let found = probed.metric(sample).await;
        assert!(found.is_some_and(|found| (found - value).abs() < 0.2), "{sample}: {found:?} and not {value}");
    }
    let capacity = probed.metric("sqs_runtime_capacity_messages_per_second").await;
    assert!(capacity.is_some_and(|capacity| (capacity - 50.0).abs() < 1.0), "{capacity:?}");
    let (_, page) = probed.get("/metrics").await;
    assert!(!page.contains("000000000000") && !page.contains("arn:"), "{page}");
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_the_queue_is_asked_for_once_a_minute_by_whoever_looks() {
    let probed = Probed::new().await;
    probed.handle.pause();
    probed.site.pass(seconds(20)).await;
    probed.site.send((0..30).map(|n| format!("1 {n}")));
    let sample = "sqs_runtime_backlog_messages{queue=\"orders\"}";
    assert_eq!((probed.metric(sample).await, probed.wire.asked.load(Ordering::SeqCst)), (Some(30.0), 1));
    probed.site.send(["1"]);
    probed.site.pass(seconds(59)).await;
    assert_eq!((probed.metric(sample).await, probed.wire.asked.load(Ordering::SeqCst)), (Some(30.0), 1));
    probed.site.pass(seconds(1)).await;
    assert_eq!((probed.metric(sample).await, probed.wire.asked.load(Ordering::SeqCst)), (Some(31.0), 2));
    probed.site.pass(seconds(3_600)).await;
    assert_eq!(probed.wire.asked.load(Ordering::SeqCst), 2, "nobody looked");
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_for_a_page_is_refused() {
    let probed = Probed::new().await;
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (request, refusal) in [
        ("GET /else HTTP/1.1\r\n\r\n", 404),
        ("POST /healthz HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 405),
        ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
        (&long, 431),
    ] {
        assert_eq!(status(&exchange(probed.address(), request).await), refusal, "{:.20}", request);
    }
    let head = exchange(probed.address(), "HEAD /healthz HTTP/1.1\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_connections_open_is_cut_off_after_five_seconds() {
    let probed = Probed::new().await;
    let mut idle: Vec<_> = (0..16).map(|_| TcpStream::connect(probed.address()).unwrap()).collect();
    idle[0].write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    probed.site.pass(seconds(1)).await;
    let waiting = tokio::spawn(exchange(probed.address(), "GET /healthz HTTP/1.1\r\n\r\n"));
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    tokio::time::advance(seconds(5)).await;
    assert_eq!(status(&waiting.await.unwrap()), 200);
    let read = |mut stream: TcpStream| stream.read(&mut [0; 16]).unwrap_or(0);
    let read = tokio::task::spawn_blocking(move || idle.into_iter().map(read).sum::<usize>());
    assert_eq!(read.await.unwrap(), 0);
    probed.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_taken_stops_the_start_before_anything_is_received() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let site = Site::standard();
    site.send(["1"]);
    let config = WorkerConfig::new().health(HealthAddress::from(taken.local_addr().unwrap()));
    let error = site.worker(site.consumer().idempotency(once()), config).run().await.unwrap_err();
    assert!(error.is_settings() && error.to_string().contains("health cannot be answered at 127.0.0.1"), "{error}");
    assert_eq!((site.queue.receives(), site.ran.started()), (0, 0));
}
