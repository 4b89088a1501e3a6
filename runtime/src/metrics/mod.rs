//! What batches come to in numbers, and where the numbers go.
//!
//! [`Figures`] are made once for each batch, after its last message is settled, and handed to every [`MetricsSink`] of the consumer.
//! There are two: [`Emf`] writes a line that CloudWatch takes metrics from, `Facade` (feature `metrics`) tells the `metrics` crate.
//! All have the same names: [the page on metrics](crate::guide::observing#metrics) has the table.

mod emf;
#[cfg(feature = "metrics")]
mod facade;
mod figures;
mod metric;

use std::sync::Arc;

#[cfg(feature = "metrics")]
pub use self::facade::Facade;
pub(crate) use self::figures::Circumstances;
pub use self::{
    emf::Emf,
    figures::{Figures, Value},
    metric::{Metric, Unit},
};

/// Where the figures of batches go.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
/// use sqs_runtime::{Consumer, Idempotency, metrics::{Figures, Metric, MetricsSink, Value}};
///
/// #[derive(Default)]
/// struct Retries(AtomicU64);
///
/// impl MetricsSink for Retries {
///     fn batch(&self, figures: &Figures) {
///         if let Some(Value::Total(count)) = figures.get(Metric::MessagesRetried) {
///             self.0.fetch_add(*count, Ordering::Relaxed);
///         }
///     }
/// }
///
/// async fn place() {}
///
/// let retries = Arc::new(Retries::default());
/// let consumer = Consumer::new(place).idempotency(Idempotency::memory()).metrics(Arc::clone(&retries));
/// # let _: Consumer = consumer;
/// ```
pub trait MetricsSink: Send + Sync + 'static {
    /// Takes the figures of one batch. The answer of the batch waits for it, so it must neither wait nor block for long; if it panics,
    /// that is one line in the log.
    fn batch(&self, figures: &Figures);
}

impl<M: MetricsSink + ?Sized> MetricsSink for Arc<M> {
    fn batch(&self, figures: &Figures) {
        (**self).batch(figures);
    }
}
