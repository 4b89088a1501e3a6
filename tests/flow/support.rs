//! Small events, recorded ones, and a way to run them.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use sqs_runtime::{
    Consumer,
    run::{Pipeline, Report, logs::JsonLines},
};
use tracing::Level;
use tracing_subscriber::fmt::format::JsonFields;

pub(crate) const STANDARD: &str = "arn:aws:sqs:eu-west-1:123456789012:orders";
pub(crate) const FIFO: &str = "arn:aws:sqs:eu-west-1:123456789012:ledger.fifo";

/// Keeps what is written. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// Runs this with a log of that level and gives what it wrote.
pub(crate) fn logged(level: Level, run: impl Future<Output = ()>) -> Written {
    let written = Written::default();
    let writer = written.clone();
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(move || writer.clone());
    let subscriber = builder.fmt_fields(JsonFields::new()).event_format(JsonLines::new()).finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(run));
    written
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace").to_owned()
}

/// A recorded event.
pub(crate) fn fixture(name: &str) -> String {
    let path = root().join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A record of a standard queue.
pub(crate) fn record(id: &str, body: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": format!("handle-of-{id}"),
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1800000000000"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": STANDARD,
        "awsRegion": "eu-west-1",
    })
}

/// A record of a FIFO queue.
pub(crate) fn fifo_record(id: &str, group: &str, body: &str) -> Value {
    let mut record = record(id, body);
    record["eventSourceARN"] = json!(FIFO);
    record["attributes"]["MessageGroupId"] = json!(group);
    record
}

/// The event of these records.
pub(crate) fn event(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

/// Runs an event without a deadline.
pub(crate) async fn run(consumer: Consumer, event: &str) -> Report {
    let pipeline = Pipeline::for_tests(consumer);
    run_again(&pipeline, event).await
}

pub(crate) async fn run_again(pipeline: &Pipeline, event: &str) -> Report {
    pipeline.run_event(event, pipeline.invocation(None)).await.expect("an SQS event")
}

/// The names of the outcomes, in the order of the event.
pub(crate) fn outcomes(report: &Report) -> Vec<&'static str> {
    report.records().map(|record| record.outcome.name()).collect()
}

/// The reasons, in the order of the event; empty where there is none.
pub(crate) fn reasons(report: &Report) -> Vec<String> {
    report.records().map(|record| record.outcome.reason().map(ToString::to_string).unwrap_or_default()).collect()
}

/// The ids that come back.
pub(crate) fn returned(report: &Report) -> Vec<String> {
    report.response().expect("every failure has a name").item_identifiers().map(String::from).collect()
}
