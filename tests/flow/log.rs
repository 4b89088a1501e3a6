//! What a batch leaves in the log.

use std::{error::Error, fmt, io};

use serde_json::{Map, Value, json};
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    extract::Body,
    metrics::Emf,
    testkit::{
        event::{Event, Message},
        harness::Harness,
    },
};
use tracing::Level;

use crate::support::{self, Written, logged};

type Line = Map<String, Value>;

/// The lines of a log, each an object.
trait Lines {
    fn lines(&self) -> Vec<Line>;
}

impl Lines for Written {
    fn lines(&self) -> Vec<Line> {
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.text().lines().map(line).collect()
    }
}

fn saying<'a>(lines: &'a [Line], message: &str) -> Vec<&'a Line> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

fn names(line: &Line) -> Vec<&str> {
    line.keys().map(String::as_str).collect()
}

#[derive(Debug)]
struct Busy(io::Error);

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider is busy")
    }
}

impl Error for Busy {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

async fn work(body: Body) -> Result<(), Failure> {
    tracing::info!(attempt = 7, "working");
    match body.as_str() {
        "busy" => Err(Busy(io::Error::other("connection reset")).into()),
        "wrong" => Err(Failure::reject("a secret:\n\u{1b}[31mforged \u{9b}\u{202e}")),
        _ => Ok(()),
    }
}

fn harness() -> Harness {
    Harness::new(Consumer::new(work).idempotency(Idempotency::memory()))
}

#[test]
fn a_failure_is_one_flat_line_with_its_causes() {
    let message = |body: &str, id| Message::text(body).id(id).group("tenant-1").receive_count(2);
    let event = Event::standard("orders").messages([message("busy", "m-1"), message("good", "m-2")]);
    let lines = logged(Level::INFO, async { drop(harness().deliver(&event).await) }).lines();
    let failures = saying(&lines, "a message did not succeed");
    let [failure] = &failures[..] else { panic!("{lines:#?}") };
    let expected = [
        "durationMs",
        "error",
        "errorKind",
        "level",
        "message",
        "messageGroupId",
        "messageId",
        "outcome",
        "receiveCount",
        "runs",
        "timestamp",
    ];
    assert_eq!(names(failure), expected);
    assert_eq!((&failure["messageId"], &failure["messageGroupId"]), (&json!("m-1"), &json!("tenant-1")));
    assert_eq!((&failure["receiveCount"], &failure["outcome"]), (&json!(2), &json!("retry")));
    assert_eq!((&failure["errorKind"], &failure["level"]), (&json!("Handler"), &json!("WARN")));
    assert_eq!(failure["error"], "the provider is busy: connection reset");
}

#[test]
fn a_batch_ends_in_one_line() {
    let deliver = async |bodies: &[&str]| {
        let messages = bodies.iter().enumerate().map(|(index, body)| Message::text(*body).id(index.to_string()));
        harness().deliver(&Event::standard("orders").messages(messages)).await;
    };
    let lines = logged(Level::DEBUG, async { deliver(&["good", "busy", "wrong", "busy"]).await }).lines();
    let [summary] = saying(&lines, "a batch ended")[..] else { panic!("{lines:#?}") };
    for (name, value) in [
        ("queue", json!("orders")),
        ("received", json!(4)),
        ("done", json!(1)),
        ("alreadyDone", json!(0)),
        ("retried", json!(2)),
        ("rejected", json!(1)),
        ("inProgressElsewhere", json!(0)),
        ("notStarted", json!(0)),
        ("deadLettered", json!(0)),
        ("unnamedFailures", json!(0)),
        ("level", json!("WARN")),
    ] {
        assert_eq!(summary[name], value, "{name}");
    }
    let lines = logged(Level::DEBUG, async { deliver(&["good"]).await }).lines();
    assert_eq!(saying(&lines, "a batch ended")[0]["level"], "DEBUG", "nobody invoked it");
}

/// Lines of the handler have the names of its message, whatever level is logged, and nothing of its body.
#[test]
fn the_handlers_lines_know_their_message() {
    const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
    let header = format!("Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1");
    let event = Event::fifo("ledger.fifo").message(Message::text("a body").id("m-1").group("g").trace_header(header));
    let lines = logged(Level::INFO, async { drop(harness().deliver(&event).await) }).lines();
    let [line] = saying(&lines, "working")[..] else { panic!("{lines:#?}") };
    let expected =
        ["attempt", "level", "message", "messageGroupId", "messageId", "receiveCount", "timestamp", "traceId"];
    assert_eq!(names(line), expected);
    assert_eq!((&line["traceId"], &line["messageId"], &line["attempt"]), (&json!(TRACE), &json!("m-1"), &json!(7)));

    let handler = async || tracing::warn!("careful");
    let harness = Harness::new(Consumer::new(handler).without_idempotency());
    let lines = logged(Level::WARN, async { drop(harness.deliver(&event).await) }).lines();
    assert_eq!(saying(&lines, "careful")[0]["messageId"], "m-1");
}

/// What strangers and handlers write stays one line of harmless characters, and no body, receipt handle or key is in it.
#[test]
fn nothing_in_a_log_acts_on_a_terminal_or_gives_a_payload_away() {
    const HANDLE: &str = "the-receipt-handle";
    let hostile = "id\n{\"level\":\"FATAL\"}\u{1b}[2J\u{202e}";
    let message = |body: &str, id: &str| Message::text(body).id(id).receipt_handle(HANDLE).group("g\r\u{2066}");
    let event = Event::standard("orders").messages([message("wrong", hostile), message("the-body", "m-2")]);
    let written = logged(Level::TRACE, async {
        drop(harness().deliver(&event).await);
        tracing::info!(user = "x\u{9b}31m", "\u{85}\u{2028}done\u{7f}");
    });
    let text = written.text();
    assert!(text.chars().all(|c| c == '\n' || !(c.is_control() || ('\u{2028}'..='\u{2069}').contains(&c))), "{text:?}");
    for secret in [HANDLE, "the-body"] {
        assert!(!text.contains(secret), "{text}");
    }
    let lines = written.lines();
    assert!(lines.iter().all(|line| line["level"] != "FATAL"));
    let last = lines.last().unwrap();
    assert_eq!((&last["message"], &last["user"]), (&json!("\u{85}\u{2028}done\u{7f}"), &json!("x\u{9b}31m")));
}

/// Fields of a program's own cannot replace what the line stands on.
#[test]
fn the_names_at_the_top_are_the_lines_own() {
    let written = logged(Level::INFO, async {
        let span = tracing::info_span!("outer", level = "FATAL", timestamp = 1, message = "forged", id = 1);
        let _entered = span.enter();
        tracing::info!(id = 2, level = "FATAL", "said");
    });
    let lines = written.lines();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&line["level"], &line["message"], &line["id"]), (&json!("INFO"), &json!("said"), &json!(2)));
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

/// The largest batch of Lambda, in which everything fails: log and metrics together.
#[test]
fn ten_thousand_failures_are_told_in_little() {
    const MOST: usize = 32 * 1024;
    let metrics = Written::default();
    let sink = Emf::to(metrics.clone(), "SqsRuntime", "orders");
    let handler = async || Err::<(), _>(Failure::retry("x".repeat(10_000)));
    let harness = Harness::new(Consumer::new(handler).idempotency(Idempotency::memory()).metrics(sink));
    let messages = (0..10_000).map(|id| Message::text("x").id(format!("{id:0>36}")).group("g".repeat(128)));
    let event = Event::standard("orders").messages(messages);
    let written = logged(Level::INFO, async { drop(harness.deliver(&event).await) });
    let lines = written.lines();
    assert_eq!(saying(&lines, "a message did not succeed").len(), 5);
    assert_eq!(saying(&lines, "a batch ended")[0]["unnamedFailures"], 9_995);
    let bytes = written.text().len() + metrics.text().len();
    assert!((1_000..MOST).contains(&bytes), "{bytes} bytes");
}

/// An outage that lasts: failures are named until there were sixty of a kind in a minute, and counted after that.
#[test]
fn an_outage_does_not_flood_the_log() {
    let written = logged(Level::INFO, async {
        let harness = harness();
        for batch in 0..40 {
            let messages = (0..10).map(|index| Message::text("busy").id(format!("{batch}-{index}")));
            harness.deliver(&Event::standard("orders").messages(messages)).await;
        }
    });
    let lines = written.lines();
    assert_eq!(saying(&lines, "a message did not succeed").len(), 60);
    let summaries = saying(&lines, "a batch ended");
    assert_eq!((summaries.len(), &summaries[39]["unnamedFailures"]), (40, &json!(10)));
}

/// What left for the dead-letter queue is a success to SQS, and a failure to whoever reads the log.
#[test]
fn a_message_that_was_dead_lettered_is_named() {
    use sqs_runtime::{queue::Queue, testkit::RecordingQueue};
    let written = logged(Level::INFO, async {
        let queue = Queue::new(RecordingQueue::new()).dead_letter_queue(support::STANDARD);
        let consumer = Consumer::new(work).without_idempotency().queue(queue);
        let report = support::run(consumer, &support::event(&[support::record("m-1", "wrong")])).await;
        assert!(report.outcome(0).unwrap().is_dead_lettered());
    });
    let lines = written.lines();
    let [failure] = saying(&lines, "a message did not succeed")[..] else { panic!("{lines:#?}") };
    assert!(failure["error"].as_str().unwrap().ends_with("(sent to the dead-letter queue)"), "{failure:?}");
    let [summary] = saying(&lines, "a batch ended")[..] else { panic!("{lines:#?}") };
    assert_eq!((&summary["deadLettered"], &summary["level"]), (&json!(1), &json!("WARN")));
}
