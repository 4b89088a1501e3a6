//! What batches come to in numbers: for CloudWatch, for the `metrics` facade, for a sink of one's own.

pub(crate) mod emf;
mod facade;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    extract::{Body, State},
    metrics::{Emf, Figures, Metric, MetricsSink, Value},
    testkit::{
        ManualClock,
        event::{Event, Message},
        harness::Harness,
    },
};

use self::emf::{Extracted, extract};
use crate::{
    claim::wrong::Wrong,
    support::{self, Written},
};

/// The lines that a sink writes.
#[derive(Clone, Default)]
struct Lines(Written);

impl Lines {
    fn sink(&self) -> Emf {
        Emf::to(self.0.clone(), "SqsRuntime", "orders")
    }

    /// What CloudWatch takes from each line.
    fn extracted(&self) -> Vec<Extracted> {
        let text = self.0.text();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| extract(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
    }
}

fn values(extracted: &Extracted, name: &str) -> Vec<f64> {
    extracted.metrics.get(name).unwrap_or_else(|| panic!("no {name}")).0.clone()
}

/// Takes half a second of the clock for each message.
async fn work(State(clock): State<ManualClock>, body: Body) -> Result<(), Failure> {
    clock.sleep(Duration::from_millis(500)).await;
    match body.as_str() {
        "busy" => Err(Failure::retry("busy")),
        "wrong" => Err(Failure::reject("wrong")),
        _ => Ok(()),
    }
}

fn consumer(clock: &ManualClock) -> Consumer {
    Consumer::new(work).state(clock.clone()).idempotency(Idempotency::memory())
}

fn sent(id: &str, body: &str, before: u64, clock: &ManualClock) -> Message {
    let ago = |seconds| clock.wall() - Duration::from_secs(seconds);
    Message::text(body).id(id).sent_at(ago(before)).first_received_at(ago(before - 4)).receive_count(3)
}

#[tokio::test]
async fn a_batch_is_one_line_that_cloudwatch_understands() {
    let (clock, lines) = (ManualClock::new(), Lines::default());
    let harness =
        Harness::on_clock(consumer(&clock).metrics(lines.sink()), clock.clone()).deadline(Duration::from_secs(30));
    let message = |id, body, before| sent(id, body, before, &clock);
    let event = Event::standard("orders").messages([
        message("1", "good", 10),
        message("2", "busy", 20),
        message("3", "wrong", 30),
        Message::text("new").id("4").receive_count(1),
    ]);
    let delivered = harness.deliver(&event).await;
    harness.redeliver(&delivered).await;

    let [first, second] = &lines.extracted()[..] else { panic!("a line for each batch") };
    assert_eq!(first.namespace, "SqsRuntime");
    let dimensions: Vec<_> = first.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(dimensions, [("queue", "orders"), ("service", "orders")]);
    for (name, value) in [
        ("MessagesReceived", 4.0),
        ("MessagesDone", 2.0),
        ("MessagesAlreadyDone", 0.0),
        ("MessagesRetried", 1.0),
        ("MessagesRejected", 1.0),
        ("MessagesInProgressElsewhere", 0.0),
        ("MessagesNotStarted", 0.0),
        ("MessagesDeadLettered", 0.0),
        ("BatchSize", 4.0),
        ("MaxReceiveCount", 3.0),
        ("StoreErrors", 0.0),
        ("ColdStart", 1.0),
    ] {
        assert_eq!(values(first, name), [value], "{name}");
        assert_eq!(first.metrics[name].1, "Count", "{name}");
    }
    assert_eq!(values(first, "MessageDuration"), [500.0; 4]);
    // The test kit gives the last one a second.
    assert_eq!(values(first, "DwellTime"), [4_000.0, 4_000.0, 4_000.0, 1_000.0]);
    let took = 30_000.0 - values(first, "RemainingTime")[0];
    assert!((500.0..=2_000.0).contains(&took), "{took}");
    let mut ages = values(first, "MessageAge");
    ages.truncate(3);
    assert_eq!(ages, [10_000.0 + took, 20_000.0 + took, 30_000.0 + took]);
    assert!(!values(first, "StoreLatency").is_empty());
    assert_eq!(first.metrics["MessageDuration"].1, "Milliseconds");

    assert_eq!((values(second, "MessagesAlreadyDone"), values(second, "MaxReceiveCount")), (vec![2.0], vec![4.0]));
    assert_eq!(values(second, "ColdStart"), [0.0]);
}

/// Every metric is in the line of a batch in which everything was measured, and no other.
#[tokio::test]
async fn the_names_are_those_of_the_table() {
    let (clock, lines) = (ManualClock::new(), Lines::default());
    let harness =
        Harness::on_clock(consumer(&clock).metrics(lines.sink()), clock.clone()).deadline(Duration::from_secs(30));
    harness.deliver(&Event::standard("orders").message(sent("1", "good", 10, &clock))).await;
    let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    names.sort_unstable();
    let [line] = &lines.extracted()[..] else { panic!("one line") };
    assert_eq!(line.metrics.keys().collect::<Vec<_>>(), names);
}

/// 10,000 messages, the most that Lambda sends, of which every one failed.
#[tokio::test]
async fn the_line_of_the_largest_batch_stays_small() {
    const MOST: usize = 16 * 1024;
    let (clock, lines) = (ManualClock::new(), Lines::default());
    let harness = Harness::on_clock(consumer(&clock).metrics(lines.sink()), clock.clone());
    let messages = (1..=10_000).map(|number| sent(&number.to_string(), "busy", 10 + number, &clock));
    harness.deliver(&Event::standard("orders").messages(messages)).await;
    let bytes = lines.0.text().len();
    assert!(bytes < MOST, "{bytes} bytes");
    let [line] = &lines.extracted()[..] else { panic!("one line") };
    assert_eq!(values(line, "MessagesRetried"), [10_000.0]);
    assert_eq!(values(line, "MessageAge").len(), 100);
}

/// A store that is away: what it did not answer is counted, message by message.
#[tokio::test]
async fn a_store_that_does_not_answer_is_counted() {
    let (clock, lines) = (ManualClock::new(), Lines::default());
    let store = Wrong::Unavailable;
    let consumer = Consumer::new(work).state(clock.clone()).idempotency(Idempotency::new(store));
    let harness = Harness::on_clock(consumer.metrics(lines.sink()), clock);
    harness.deliver(&Event::standard("orders").messages([Message::text("a"), Message::text("b")])).await;
    let [line] = &lines.extracted()[..] else { panic!("one line") };
    assert_eq!((values(line, "MessagesRetried"), values(line, "StoreErrors")), (vec![2.0], vec![2.0]));
    assert!(!line.metrics.contains_key("MessageDuration"), "nothing ran");
}

/// A queue's name is a stranger's text where somebody invokes the function himself.
#[tokio::test]
async fn a_hostile_queue_forges_no_line() {
    let lines = Lines::default();
    let consumer = Consumer::new(async || {}).without_idempotency().metrics(lines.sink());
    let mut record = support::record("1", "x");
    record["eventSourceARN"] = "arn:aws:sqs:eu-west-1:1:a\n{\"_aws\":1}\u{202e}".into();
    support::run(consumer, &support::event(&[record])).await;
    assert_eq!(lines.extracted().len(), 1);
}

/// Keeps what it is told, and panics then.
#[derive(Default)]
struct Broken(Mutex<Vec<Figures>>);

impl MetricsSink for Broken {
    fn batch(&self, figures: &Figures) {
        self.0.lock().unwrap().push(figures.clone());
        panic!("no more");
    }
}

#[tokio::test]
async fn a_sink_that_panics_takes_neither_the_batch_nor_the_next_sink_along() {
    let (broken, lines) = (Arc::new(Broken::default()), Lines::default());
    let consumer = Consumer::new(async || {}).without_idempotency().metrics(Arc::clone(&broken)).metrics(lines.sink());
    let report = support::run(consumer, &support::event(&[support::record("1", "x")])).await;
    assert_eq!(support::outcomes(&report), ["done"]);
    assert_eq!(lines.extracted().len(), 1);
    let figures = broken.0.lock().unwrap();
    assert_eq!(figures[0].get(Metric::MessagesDone), Some(&Value::Total(1)));
    assert_eq!((figures[0].queue(), figures[0].request_id()), ("orders", None));
    assert!(figures[0].at() > SystemTime::UNIX_EPOCH);
}

/// An event without records is nobody's queue.
#[tokio::test]
async fn an_empty_batch_has_no_figures() {
    let lines = Lines::default();
    let consumer = Consumer::new(async || {}).without_idempotency().metrics(lines.sink());
    support::run(consumer, &support::event(&[])).await;
    assert_eq!(lines.extracted(), []);
}

/// The page's table is the list.
#[test]
fn the_page_names_every_metric_once() {
    let page = std::fs::read_to_string(support::root().join("runtime/docs/observing.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `") && line.contains("`sqs_runtime_"));
    let named = |row: &str, column| row.split('|').nth(column).unwrap_or_default().trim().trim_matches('`').to_owned();
    let rows: Vec<_> = rows.map(|row| (named(row, 1), named(row, 2))).collect();
    let names: Vec<_> =
        Metric::ALL.iter().map(|metric| (metric.name().to_owned(), metric.snake_case().to_owned())).collect();
    assert_eq!(rows, names);
}
