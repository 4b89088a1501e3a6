//! The sink that tells the `metrics` crate, and so whatever exporter the program has installed.

use ::metrics::{Unit as Measure, counter, describe_counter, describe_histogram, histogram};

use super::{Figures, Metric, MetricsSink, Unit, Value};

/// Tells the recorder of the [`metrics`] crate: totals as counters, values as histograms, times in seconds, each with the
/// labels `service` and `queue`. Without a recorder it does nothing.
///
/// [`run`](crate::run()) has one in a worker, for a consumer that names no sink of its own.
#[derive(Clone, Debug)]
pub struct Facade {
    service: Box<str>,
}

impl Facade {
    /// A sink for that service. Install the exporter before: what the metrics mean is told here, once.
    #[must_use]
    pub fn new(service: impl Into<Box<str>>) -> Self {
        Metric::ALL.iter().for_each(|metric| describe(*metric));
        Self { service: service.into() }
    }
}

fn describe(metric: Metric) {
    let unit = match metric.unit() {
        Unit::Count => Measure::Count,
        Unit::Time => Measure::Seconds,
    };
    if metric.is_total() {
        describe_counter!(metric.snake_case(), unit, metric.describe());
    } else {
        describe_histogram!(metric.snake_case(), unit, metric.describe());
    }
}

impl MetricsSink for Facade {
    fn batch(&self, figures: &Figures) {
        let labels = [("service", self.service.to_string()), ("queue", figures.queue().to_owned())];
        for (metric, value) in figures.iter() {
            match value {
                Value::Total(count) => counter!(metric.snake_case(), &labels).increment(*count),
                Value::Each(values) => {
                    let histogram = histogram!(metric.snake_case(), &labels);
                    values.iter().for_each(|value| histogram.record(*value));
                }
            }
        }
    }
}
