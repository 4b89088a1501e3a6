//! The sink for CloudWatch: one line in its embedded metric format for each batch.
//!
//! Written after AWS's specification of the format with `serde_json`, which is here anyway. The crates for it were looked at: one wants
//! the process' global recorder and leaks itself, the other brings some fifty crates and writes values in a shape that the
//! specification does not name.

use std::{
    collections::BTreeMap,
    fmt,
    io::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;

use super::{Figures, Metric, MetricsSink, Unit, Value};
use crate::clock::epoch_ms;

/// Writes one line for each batch, from which CloudWatch takes metrics: to standard output, which Lambda hands to CloudWatch Logs.
///
/// Each metric has the dimensions `service` and `queue`, and no others: every further one would multiply what CloudWatch bills.
/// A metric of which a batch has more than 100 values, the most that the format takes, is told by 100 of them, evenly spread from the
/// smallest to the largest: percentiles and extremes stay, the number of samples does not. So a line stays below 16 KiB.
///
/// [`run`](crate::run()) has one where `SQS_RUNTIME_METRICS_NAMESPACE` names a namespace.
pub struct Emf {
    namespace: Box<str>,
    service: Box<str>,
    output: Mutex<Box<dyn Write + Send>>,
    /// That a line could not be written is said once.
    said: AtomicBool,
}

impl Emf {
    /// A sink that writes to standard output. CloudWatch's rules for both names: not empty, at most 255 and 1024 characters of ASCII,
    /// a namespace that does not begin with `AWS/`.
    #[must_use]
    pub fn new(namespace: impl Into<Box<str>>, service: impl Into<Box<str>>) -> Self {
        Self::to(std::io::stdout(), namespace, service)
    }

    /// A sink that writes elsewhere. Each line is written in one call.
    #[must_use]
    pub fn to(
        output: impl Write + Send + 'static,
        namespace: impl Into<Box<str>>,
        service: impl Into<Box<str>>,
    ) -> Self {
        let (namespace, service) = (namespace.into(), service.into());
        Self { namespace, service, output: Mutex::new(Box::new(output)), said: AtomicBool::new(false) }
    }

    fn line(&self, figures: &Figures) -> serde_json::Result<Vec<u8>> {
        let metrics =
            figures.iter().map(|(metric, _)| Definition { name: metric.name(), unit: unit(metric) }).collect();
        let document = Document {
            aws: Aws {
                timestamp: epoch_ms(figures.at()),
                cloud_watch_metrics: [Directive {
                    namespace: &self.namespace,
                    dimensions: [["service", "queue"]],
                    metrics,
                }],
            },
            service: &self.service,
            queue: figures.queue(),
            request_id: figures.request_id(),
            values: figures.iter().map(|(metric, value)| (metric.name(), written(metric, value))).collect(),
        };
        let mut line = serde_json::to_vec(&document)?;
        line.push(b'\n');
        Ok(line)
    }
}

impl MetricsSink for Emf {
    fn batch(&self, figures: &Figures) {
        let written = self.line(figures).map_err(Into::into).and_then(|line| {
            let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
            output.write_all(&line).and_then(|()| output.flush())
        });
        if let Err(error) = written
            && !self.said.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "metrics could not be written; this is said once");
        }
    }
}

impl fmt::Debug for Emf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emf")
            .field("namespace", &self.namespace)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

fn unit(metric: Metric) -> &'static str {
    match metric.unit() {
        Unit::Count => "Count",
        Unit::Time => "Milliseconds",
    }
}

fn written(metric: Metric, value: &Value) -> Written {
    let scale = match metric.unit() {
        Unit::Count => 1.0,
        Unit::Time => 1_000.0,
    };
    match value {
        Value::Total(count) => Written::Total(*count),
        Value::Each(values) => match spread(values).as_slice() {
            [value] => Written::One(rounded(value * scale)),
            values => Written::Each(values.iter().map(|value| rounded(value * scale)).collect()),
        },
    }
}

/// Three digits behind the point: microseconds.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// As many values as the format takes.
const MOST: usize = 100;

/// At most [`MOST`] of these values: all of them, or those at evenly spread ranks, the smallest and the largest among them.
fn spread(values: &[f64]) -> Vec<f64> {
    if values.len() <= MOST {
        return values.to_vec();
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    (0..MOST).filter_map(|step| sorted.get(step * last / (MOST - 1)).copied()).collect()
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "_aws")]
    aws: Aws<'a>,
    service: &'a str,
    queue: &'a str,
    /// A member that is no metric: what the log is searched for.
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    values: BTreeMap<&'static str, Written>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Aws<'a> {
    timestamp: u64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [[&'static str; 2]; 1],
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Total(u64),
    One(f64),
    Each(Vec<f64>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_told_by_a_hundred() {
        let few: Vec<f64> = vec![3.0, 1.0, 2.0];
        assert_eq!(spread(&few), few);
        let many: Vec<f64> = (0..10_000).rev().map(f64::from).collect();
        let told = spread(&many);
        assert_eq!((told.len(), told.first(), told.last()), (MOST, Some(&0.0), Some(&9_999.0)));
        assert!(told.is_sorted());
        let median = told.get(MOST / 2).unwrap();
        assert!((4_900.0..=5_100.0).contains(median), "{median}");
    }

    #[test]
    fn times_are_told_to_the_microsecond() {
        assert_eq!(rounded(0.012_345_678 * 1_000.0), 12.346);
    }
}
