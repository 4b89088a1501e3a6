//! What one batch comes to in numbers.

use std::time::{Duration, SystemTime};

use super::Metric;
use crate::{
    batch::QueueArn,
    outcome::Outcome,
    run::{RecordReport, Report},
};

/// The figures of one batch.
#[derive(Clone, Debug)]
pub struct Figures {
    queue: Box<str>,
    request_id: Option<Box<str>>,
    at: SystemTime,
    values: Vec<(Metric, Value)>,
}

/// What a metric came to in one batch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// So many things: adds up over batches.
    Total(u64),
    /// One value for each thing that was measured, in no order; times in seconds. Never empty.
    Each(Vec<f64>),
}

/// What is known of a batch beside its report.
pub(crate) struct Circumstances<'a> {
    pub(crate) request_id: Option<&'a str>,
    pub(crate) time_left: Option<Duration>,
    pub(crate) now: SystemTime,
    pub(crate) is_cold: bool,
}

impl Figures {
    /// The figures of a batch that ended; `None` of an empty one, which belongs to no queue.
    pub(crate) fn of(report: &Report, circumstances: &Circumstances<'_>) -> Option<Self> {
        let first = report.records().next()?;
        let queue = report.batch().queue_arn(first.index).and_then(QueueArn::name).unwrap_or("unknown");
        Some(Self {
            queue: crate::batch::loggable(queue).into(),
            request_id: circumstances.request_id.map(Into::into),
            at: circumstances.now,
            values: Metric::ALL
                .iter()
                .filter_map(|metric| Some((*metric, value(*metric, report, circumstances)?)))
                .collect(),
        })
    }

    /// The name of the queue; of an event that mixes queues, that of its first record's.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// The id that Lambda gave the invocation.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// When the batch ended.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// What each metric came to. Where nothing was measured, as with the duration of a batch in which no message was started, the
    /// metric is left out.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, &Value)> {
        self.values.iter().map(|(metric, value)| (*metric, value))
    }

    /// What that metric came to.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<&Value> {
        self.iter().find_map(|(other, value)| (other == metric).then_some(value))
    }
}

fn value(metric: Metric, report: &Report, circumstances: &Circumstances<'_>) -> Option<Value> {
    let (batch, now) = (report.batch(), circumstances.now);
    let counted = |is_counted: fn(&Outcome) -> bool| {
        Some(total(report.records().filter(|record| is_counted(record.outcome)).count()))
    };
    match metric {
        Metric::MessagesReceived => Some(total(batch.len())),
        Metric::MessagesDone => counted(|outcome| matches!(outcome, Outcome::Done)),
        Metric::MessagesAlreadyDone => counted(|outcome| matches!(outcome, Outcome::AlreadyDone)),
        Metric::MessagesRetried => counted(|outcome| matches!(outcome, Outcome::Retry(_))),
        Metric::MessagesRejected => counted(|outcome| matches!(outcome, Outcome::Rejected(_))),
        Metric::MessagesInProgressElsewhere => counted(|outcome| matches!(outcome, Outcome::InProgressElsewhere)),
        Metric::MessagesNotStarted => counted(|outcome| matches!(outcome, Outcome::NotStarted(_))),
        Metric::MessagesDeadLettered => counted(Outcome::is_dead_lettered),
        Metric::BatchSize => one(batch.len() as f64),
        Metric::MessageDuration => {
            each(report.records().filter(|record| record.runs > 0).map(|record| record.duration))
        }
        Metric::DwellTime => each(of_messages(report, |index| {
            batch.first_received_at(index)?.duration_since(batch.sent_at(index)?).ok()
        })),
        Metric::MessageAge => each(of_messages(report, |index| now.duration_since(batch.sent_at(index)?).ok())),
        Metric::MaxReceiveCount => {
            let counts = report.records().filter_map(|record| batch.receive_count(record.index));
            counts.max().and_then(|count| one(count.into()))
        }
        Metric::RemainingTime => each(circumstances.time_left.into_iter()),
        Metric::StoreLatency => each(report.store_calls().took.iter().copied()),
        Metric::StoreErrors => Some(total(report.store_calls().unanswered)),
        Metric::ColdStart => Some(total(circumstances.is_cold.into())),
    }
}

fn total(count: usize) -> Value {
    Value::Total(count.try_into().unwrap_or(u64::MAX))
}

#[expect(clippy::unnecessary_wraps, reason = "as the other kinds of values")]
fn one(value: f64) -> Option<Value> {
    Some(Value::Each(vec![value]))
}

fn each(times: impl Iterator<Item = Duration>) -> Option<Value> {
    let values: Vec<f64> = times.map(|time| time.as_secs_f64()).collect();
    (!values.is_empty()).then_some(Value::Each(values))
}

/// What is known of the messages of a batch. A clock that differs from that of SQS may know less.
fn of_messages(report: &Report, time: impl Fn(usize) -> Option<Duration>) -> impl Iterator<Item = Duration> {
    report.records().filter_map(move |RecordReport { index, .. }| time(index))
}
