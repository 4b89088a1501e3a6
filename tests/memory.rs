//! Peak memory of the largest events that Lambda sends: bytes that live at the same time, not pages.
//!
//! Each measurement has a process of its own, because the allocator's high-water mark cannot be set back. What is counted
//! begins with the event's own text and ends when the answer exists.

use std::{
    alloc::System,
    env,
    fmt::Write as _,
    io::{self, Write as _},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use cap::Cap;
use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;
use sqs_runtime::{
    Consumer, Failure, Idempotency,
    batch::Batch,
    extract::{Gzip, Json, TooLarge},
    run::Pipeline,
};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Nearly the 6 MB that Lambda allows.
const EVENT_BYTES: usize = 6_000_000;

/// The consumer's default.
const CONCURRENCY: usize = 100;

/// Asks for one measurement, by its name.
const MEASURE: &str = "--measure";

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    // Any other argument is meant for a test harness, such as a filter; there is none here.
    if arguments.next().as_deref() != Some(MEASURE) {
        return measure_all();
    }
    let name = arguments.next().context("which measurement?")?;
    if name == BOMB {
        return measure_bomb();
    }
    CASES.iter().find(|case| case.name == name).context("no such measurement")?.measure()
}

fn measure_all() -> anyhow::Result<()> {
    let mut out = io::stdout();
    let (mut passed, mut failed) = (0, 0);
    for name in CASES.iter().map(|case| case.name).chain([BOMB]) {
        write!(out, "test memory of {name} ... ")?;
        out.flush()?;
        let child = Command::new(env::current_exe()?).args([MEASURE, name]).output()?;
        let is_ok = child.status.success();
        *(if is_ok { &mut passed } else { &mut failed }) += 1;
        writeln!(out, "{}", if is_ok { "ok" } else { "FAILED" })?;
        for line in String::from_utf8_lossy(&child.stdout).lines().chain(String::from_utf8_lossy(&child.stderr).lines())
        {
            writeln!(out, "    {line}")?;
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    ensure!(failed == 0, "an event takes more memory than it may");
    Ok(())
}

/// One event, run once.
struct Case {
    name: &'static str,
    records: usize,
    input: Input,
    idempotency: bool,
    /// What it may take beyond what every event may.
    extra_bytes: usize,
}

/// How the event's text comes in.
#[derive(Clone, Copy)]
enum Input {
    /// It is taken over.
    Owned,
    /// It is copied, and its owner keeps it.
    Borrowed,
}

const MANY: Case =
    Case { name: "10,000 records", records: 10_000, input: Input::Owned, idempotency: false, extra_bytes: 0 };

const CASES: &[Case] = &[
    MANY,
    // The same text twice.
    Case { name: "10,000 records from a slice", input: Input::Borrowed, extra_bytes: EVENT_BYTES, ..MANY },
    // The store says of itself that a row takes about 200 bytes; while its table grows, half as much stands beside it.
    Case { name: "10,000 records with claims in memory", idempotency: true, extra_bytes: 300 * MANY.records, ..MANY },
    // As many as may run at a time: all bodies are unescaped and decoded at once.
    Case { name: "100 large records", records: CONCURRENCY, ..MANY },
];

impl Case {
    fn measure(&self) -> anyhow::Result<()> {
        let consumer = Consumer::new(place);
        let pipeline = Pipeline::new(match self.idempotency {
            true => consumer.idempotency(Idempotency::memory()),
            false => consumer.without_idempotency(),
        })?;
        // One thread, so that the figures are the same every time. How many messages run at once is the consumer's limit,
        // with any number of threads.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;

        let before = ALLOCATOR.allocated();
        let (event, largest_body) = event(self.records)?;
        let (event_bytes, before_run) = (event.len(), ALLOCATOR.max_allocated());
        let answer = runtime.block_on(answer(&pipeline, event, self.input))?;
        let peak = ALLOCATOR.max_allocated();

        ensure!(peak > before_run, "making the event took more than running it: nothing was measured");
        ensure!(
            answer.matches("itemIdentifier").count() == self.records / 100,
            "one record of a hundred fails: {answer}"
        );
        let peak = peak - before;
        let in_flight = CONCURRENCY.min(self.records);
        let bound =
            event_bytes / 5 * 6 + 300 * self.records + in_flight * (2 * largest_body + 16 * 1024) + self.extra_bytes;
        let beyond_the_text = peak.saturating_sub(event_bytes) / self.records;
        writeln!(
            io::stdout(),
            "peak {peak} bytes of {bound}; event {event_bytes}, largest body {largest_body}, \
             {beyond_the_text} a record beyond the event"
        )?;
        if peak > bound {
            bail!("{} bytes too many", peak - bound);
        }
        Ok(())
    }
}

/// A body that would be 64 MiB, of which 8 MiB are allowed.
const BOMB: &str = "a compressed body that is a bomb";

/// Nothing beyond the cap is ever there: not even while the buffer grows, for it does not.
fn measure_bomb() -> anyhow::Result<()> {
    const CAP: usize = 8 * 1024 * 1024;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = [0; 64 * 1024];
    (0..1024).try_for_each(|_| encoder.write_all(&zeros))?;
    let body = base64::engine::general_purpose::STANDARD.encode(encoder.finish()?);
    let (before, before_run) = (ALLOCATOR.allocated(), ALLOCATOR.max_allocated());
    let refused = Gzip::<String, CAP, 2000>::read(&body);
    ensure!(refused.is_err_and(|failure| failure.error().is::<TooLarge>()), "it was not too large");
    let peak = ALLOCATOR.max_allocated() - before;
    // Beside the cap: the compressed bytes and the decoder's window.
    let bound = CAP + 3 * body.len() / 4 + 128 * 1024;
    writeln!(io::stdout(), "peak {peak} bytes of {bound}; compressed {}", body.len())?;
    ensure!(ALLOCATOR.max_allocated() > before_run, "nothing was measured");
    ensure!(peak <= bound, "{} bytes too many", peak - bound);
    Ok(())
}

async fn answer(pipeline: &Pipeline, event: Box<str>, input: Input) -> anyhow::Result<String> {
    let (batch, _kept) = match input {
        Input::Owned => (Batch::from_json(event)?, None),
        Input::Borrowed => (Batch::from_slice(event.as_bytes())?, Some(event)),
    };
    let report = pipeline.run(batch, pipeline.invocation(Some(Duration::from_secs(300)))).await?;
    Ok(report.response()?.to_json())
}

#[derive(Deserialize)]
struct Order {
    note: String,
    fails: bool,
}

/// Holds an owned copy of the body's text while it waits.
async fn place(Json(order): Json<Order>) -> Result<(), Failure> {
    tokio::task::yield_now().await;
    if order.fails || order.note.is_empty() {
        return Err(Failure::retry("the till is closed"));
    }
    Ok(())
}

/// An event of a standard queue, as many bytes as allowed, and the length of its largest body. One record of a hundred fails.
fn event(records: usize) -> anyhow::Result<(Box<str>, usize)> {
    const START: &str = r#"{"Records":["#;
    const END: &str = "]}";
    let mut event = String::with_capacity(EVENT_BYTES);
    event.push_str(START);
    let share = (EVENT_BYTES - START.len() - END.len()) / records - 1;
    let mut largest_body = 0;
    for index in 0..records {
        let start = event.len();
        largest_body = largest_body.max(record(&mut event, index, share)?);
        ensure!(event.len() - start <= share, "a record of {} bytes, {share} at most", event.len() - start);
        event.push(',');
    }
    event.pop();
    event.push_str(END);
    ensure!(event.len() <= EVENT_BYTES && event.len() > EVENT_BYTES / 100 * 98, "{} bytes", event.len());
    Ok((event.into_boxed_str(), largest_body))
}

/// A record whose body takes what is left of that many bytes. The receipt handle is shorter than real ones: with those, 10,000
/// records would have no room for bodies.
fn record(event: &mut String, index: usize, share: usize) -> anyhow::Result<usize> {
    /// What a line of a note takes in the event, its end escaped twice.
    const LINE: &str = r"two pots of tea\\n";
    let start = event.len();
    let (id, sent) = (format!("{index:08x}-91b2-4a7e-8f3d-c5a60d1e{:04x}", index % 7), 1_763_000_000_000 + index);
    write!(event, r#"{{"messageId":"{id}","receiptHandle":"AQEBzWwaftRI0KuVm4tP+/7q1rGgNqicHq{index:08x}=","#)?;
    write!(event, r#""attributes":{{"ApproximateReceiveCount":"1","SentTimestamp":"{sent}","#)?;
    write!(event, r#""SenderId":"AROA4EXAMPLE4EXAMPLE4","ApproximateFirstReceiveTimestamp":"{sent}"}},"#)?;
    write!(event, r#""messageAttributes":{{}},"md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","#)?;
    write!(event, r#""eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-central-1:123456789012:orders","#)?;
    write!(event, r#""awsRegion":"eu-central-1","body":"{{\"fails\":{},\"note\":\""#, index.is_multiple_of(100))?;
    let used = event.len() - start;
    let lines = share.saturating_sub(used + r#"\"}"}"#.len()) / LINE.len();
    for _ in 0..lines {
        event.push_str(LINE);
    }
    event.push_str(r#"\"}"}"#);
    // Unescaped, a line ends in a backslash and an `n`.
    Ok(r#"{"fails":false,"note":""}"#.len() + lines * (LINE.len() - 1))
}
