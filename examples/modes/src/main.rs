//! One handler in the three modes, delivered twice: one after the other, and at the same time.
//!
//! ```text
//! cargo run -p modes
//! ```

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use sqs_runtime::{
    Consumer, Error, Idempotency, SystemClock,
    claim::{MemoryStore, Mode},
    extract::State,
    run::{Pipeline, Report},
    testkit::RecordingStore,
};

/// The handler: it counts its runs, and is in no hurry.
async fn count(State(runs): State<Arc<AtomicUsize>>) {
    runs.fetch_add(1, SeqCst);
    tokio::task::yield_now().await;
}

/// A store that two processes share, and what their handlers did.
struct Shared {
    mode: Mode,
    store: RecordingStore<MemoryStore>,
    runs: Arc<AtomicUsize>,
}

impl Shared {
    fn new(mode: Mode) -> Self {
        let store = RecordingStore::new(MemoryStore::new(SystemClock::new()));
        Self { mode, store, runs: Arc::default() }
    }

    /// One of the processes.
    fn process(&self) -> Result<Pipeline, Error> {
        let idempotency = Idempotency::new(self.store.clone()).mode(self.mode);
        Pipeline::new(Consumer::new(count).state(Arc::clone(&self.runs)).idempotency(idempotency))
    }

    /// A line about two deliveries.
    fn tell(&self, how: &str, reports: [&Report; 2]) -> io::Result<()> {
        let outcomes = reports.map(|report| report.outcome(0).map_or("none", |outcome| outcome.name()));
        let asked: Vec<_> = self.store.calls().iter().map(|call| call.operation).collect();
        let (mode, runs) = (format!("{:?}", self.mode), self.runs.load(SeqCst));
        let [first, second] = outcomes;
        writeln!(io::stdout().lock(), "{mode:<11} {how:<9} {runs} runs   {first:<13} {second:<22} {}", asked.join(", "))
    }
}

/// The message, for the first or the second time.
fn message(receive_count: u32) -> String {
    let attributes = format!(r#"{{"ApproximateReceiveCount": "{receive_count}"}}"#);
    format!(r#"{{"Records": [{{"messageId": "m-1", "body": "x", "attributes": {attributes}}}]}}"#)
}

async fn deliver(process: &Pipeline, receive_count: u32) -> Result<Report, Error> {
    Ok(process.run_event(message(receive_count), process.invocation(None)).await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        let shared = Shared::new(mode);
        let (first, second) = (deliver(&shared.process()?, 1).await?, deliver(&shared.process()?, 2).await?);
        shared.tell("in turn", [&first, &second])?;

        let shared = Shared::new(mode);
        let (one, other) = (shared.process()?, shared.process()?);
        let (first, second) = tokio::join!(deliver(&one, 1), deliver(&other, 1));
        shared.tell("together", [&first?, &second?])?;
    }
    Ok(())
}
