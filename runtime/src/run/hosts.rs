//! Settings that belong to one host, so that what a host cannot do does not compile.

/// Settings for the hosts that [`run_with`](super::run_with) may find itself in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Hosts {
    #[cfg(feature = "lambda")]
    pub(crate) lambda: LambdaConfig,
    #[cfg(feature = "worker")]
    pub(crate) worker: super::WorkerConfig,
}

impl Hosts {
    /// The defaults of every host.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Settings for Lambda.
    #[cfg(feature = "lambda")]
    #[must_use]
    pub fn lambda(mut self, lambda: LambdaConfig) -> Self {
        self.lambda = lambda;
        self
    }

    /// Settings for a worker.
    #[cfg(feature = "worker")]
    #[must_use]
    pub fn worker(mut self, worker: super::WorkerConfig) -> Self {
        self.worker = worker;
        self
    }
}

/// Settings for a Lambda function.
///
/// ```
/// use sqs_runtime::run::{Hosts, LambdaConfig};
/// use std::time::Duration;
///
/// let hosts = Hosts::new().lambda(LambdaConfig::new().unknown_deadline(Duration::from_secs(30)));
/// ```
#[cfg(feature = "lambda")]
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LambdaConfig {
    pub(crate) unknown_deadline: Option<std::time::Duration>,
    pub(crate) record_folder: Option<std::path::PathBuf>,
    pub(crate) redactor: Option<super::record::Redactor>,
    pub(crate) fails_when: Option<super::FailsWhen>,
    /// What has to leave before an answer does.
    #[cfg(feature = "otel")]
    pub(crate) traces: Option<crate::trace::otlp::Traces>,
}

#[cfg(feature = "lambda")]
impl LambdaConfig {
    /// The defaults: the deadline that Lambda says; none where what it says is already past, as with `cargo lambda watch`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(feature = "otel")]
    pub(super) fn exports(self, traces: Option<crate::trace::otlp::Traces>) -> Self {
        Self { traces, ..self }
    }

    /// The time that an invocation gets where its deadline is already past when it starts, which only emulators send.
    #[must_use]
    pub fn unknown_deadline(self, time: std::time::Duration) -> Self {
        Self { unknown_deadline: Some(time), ..self }
    }

    /// Fails the whole invocation where this says so of what its messages came to: [`FailsWhen`](super::FailsWhen) has the reason and
    /// the price. Default: never; an invocation fails only where a failure cannot be named.
    #[must_use]
    pub fn fail_invocation_when(self, condition: impl Fn(&super::Report) -> bool + Send + Sync + 'static) -> Self {
        Self { fails_when: Some(super::FailsWhen::new(condition)), ..self }
    }

    /// Writes every event into that folder, which must exist, as a file that `replay` and the test kit's events read. Default: the
    /// folder that `SQS_RUNTIME_RECORD` names in the environment; where it is not set, nothing is recorded.
    ///
    /// Receipt handles, account ids, sender ids, trace headers and the names of groups and deduplication ids are replaced, digests
    /// are left out, and so is whatever this crate does not know. Bodies and the values of message attributes are replaced by
    /// their shape, unless [`record_bodies`](Self::record_bodies) says otherwise: the JSON with the same names and structure, every
    /// string `"string"`, every number 0, every boolean false; of a body that is no JSON, its length. Message ids, queue names, the
    /// names of fields and of message attributes, counts and times are kept; and of the envelopes of SNS, EventBridge, S3 notifications and
    /// the extended client the words that make them envelopes, so that a handler that wants one can be given the file. With the feature
    /// `gzip` a body that is compressed is given the shape of its payload, compressed, if that is a text of at most 1 MiB; else it is no
    /// JSON.
    ///
    /// A folder gets at most 100 files of at most 6 MiB each, and 64 MiB of them. Writing fails no invocation and holds none up for more than 50 ms; what
    /// could not be written is one warning in the log.
    #[must_use]
    pub fn record_events(self, folder: impl Into<std::path::PathBuf>) -> Self {
        Self { record_folder: Some(folder.into()), ..self }
    }

    /// What stands in a recorded event for the text of a body, and for the text of a message attribute. Orders that differ only in
    /// what is replaced are one order to an idempotency key, so keep what keys are taken from apart.
    ///
    /// In what it gives accounts are replaced still: in Amazon Resource Names, in URLs of queues, in fields called account, and the queue's
    /// own wherever it is. One that panics costs the file and nothing else; but in a program that was built with `panic = "abort"` it ends the
    /// process, and the invocation with it.
    ///
    /// ```
    /// use sqs_runtime::run::LambdaConfig;
    ///
    /// let only_ids = |body: &str| match serde_json::from_str::<serde_json::Value>(body) {
    ///     Ok(order) => serde_json::json!({"orderId": order["orderId"]}).to_string(),
    ///     Err(_) => "no JSON".to_owned(),
    /// };
    /// let config = LambdaConfig::new().record_bodies(only_ids);
    /// ```
    #[must_use]
    pub fn record_bodies(self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self { redactor: Some(super::record::Redactor::new(redact)), ..self }
    }
}
