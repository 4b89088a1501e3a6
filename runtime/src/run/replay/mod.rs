//! The command line: recorded events through the whole pipeline.

mod args;
mod events;
mod table;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

pub(super) use self::args::Args;
use super::{Pipeline, Report, command::tell, ticker::Ticker};
use crate::{Consumer, Error, batch::Batch, error::Kind, response::PartialBatchResponse};

/// Runs recorded events through a consumer: what `replay` on the command line does, as a value.
///
/// ```
/// use sqs_runtime::{Consumer, run::{Pipeline, Replay}};
///
/// async fn place() {}
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let pipeline = Pipeline::for_tests(Consumer::new(place));
/// let event = r#"{"Records":[{"messageId":"m-1","body":"hello"}]}"#;
/// let replayed = Replay::new().redeliver(1).event(&pipeline, event).await?;
///
/// let responses: Vec<String> = replayed.responses().collect();
/// assert_eq!(responses, [r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":[]}"#]);
/// # Ok::<(), sqs_runtime::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Replay {
    redeliver: u32,
    deadline: Option<Duration>,
}

/// What became of one event and its redeliveries, in order.
#[derive(Clone, Debug)]
pub struct Replayed {
    reports: Vec<Report>,
}

impl Replay {
    /// Each event once, without a deadline.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Delivers the same messages that many more times, each time with the receive count raised by one and new receipt
    /// handles.
    #[must_use]
    pub fn redeliver(self, times: u32) -> Self {
        Self { redeliver: times, ..self }
    }

    /// Gives each delivery that much time.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Runs one event and its redeliveries, and keeps the report of each.
    ///
    /// # Errors
    ///
    /// If the event is not understood, or a failure in it cannot be reported by name.
    pub async fn event(&self, pipeline: &Pipeline, event: impl Into<Box<str>>) -> Result<Replayed, Error> {
        let mut reports = Vec::new();
        let kept = |report: Report, _| {
            reports.push(report);
            Ok(())
        };
        self.each_delivery(pipeline, event, kept).await?;
        Ok(Replayed { reports })
    }

    /// Runs one event and its redeliveries, and keeps nothing.
    async fn each_delivery(
        &self,
        pipeline: &Pipeline,
        event: impl Into<Box<str>>,
        mut delivered: impl FnMut(Report, PartialBatchResponse) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut batch = Batch::from_json(event)?;
        for delivery in 0..=self.redeliver {
            if delivery > 0 {
                batch = batch.redelivered()?;
            }
            let report = pipeline.run(batch.clone(), pipeline.invocation(self.deadline)).await?;
            let response = report.response()?;
            delivered(report, response)?;
        }
        Ok(())
    }
}

impl Replayed {
    /// One report for each delivery.
    #[must_use]
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// The partial batch responses, one line of JSON for each delivery.
    pub fn responses(&self) -> impl Iterator<Item = String> {
        self.reports.iter().filter_map(|report| report.response().ok()).map(|response| response.to_json())
    }
}

/// Every event was answered.
const ANSWERED: i32 = 0;
/// An event could not be answered.
const UNANSWERED: i32 = 2;

/// `replay` on the command line, to the exit code.
pub(super) async fn main(consumer: Consumer, args: &Args) -> i32 {
    files(&Pipeline::for_tests(without_queue(consumer)), args).await
}

/// What is replayed is over: no real queue hears of it, and no dead letter is sent again.
fn without_queue(mut consumer: Consumer) -> Consumer {
    consumer.settings.queue = None;
    consumer
}

async fn files(pipeline: &Pipeline, args: &Args) -> i32 {
    let ticker = Ticker::default();
    let _open = ticker.open();
    let mut code = ANSWERED;
    let mut runs = BTreeMap::new();
    for path in &args.files {
        for event in events::read(path) {
            let answered = match event {
                Ok(event) => answer(pipeline, &args.replay, event, &mut runs).await,
                Err(error) => Err(error),
            };
            if let Err(error) = answered {
                tell(&format!("{}: {error:?}", path.display()));
                code = UNANSWERED;
            }
        }
    }
    code
}

/// Runs one event; the line of each delivery is written as soon as it is answered.
async fn answer(
    pipeline: &Pipeline,
    replay: &Replay,
    event: Box<str>,
    runs: &mut BTreeMap<String, u32>,
) -> Result<(), Error> {
    let told = |report: Report, response: PartialBatchResponse| {
        tell(&table::of(&report, runs));
        let mut out = io::stdout().lock();
        Ok(writeln!(out, "{}", response.to_json()).and_then(|()| out.flush()).map_err(Kind::Write)?)
    };
    replay.each_delivery(pipeline, event, told).await
}
