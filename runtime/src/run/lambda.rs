//! The Lambda host: `lambda_runtime` asks for invocations, a pipeline answers them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use tokio::runtime::{Handle, RuntimeFlavor};
use tower::Service;
use tracing::Instrument;

#[cfg(feature = "otel")]
use super::pipeline::in_time;
use super::{LambdaConfig, Pipeline, record::Recorder, spawn::off_the_main_thread, ticker::Ticker};
use crate::{
    Consumer, Error,
    batch::Batch,
    clock::epoch_ms,
    error::Kind,
    handler::{Host, Invocation},
    response::PartialBatchResponse,
    trace::spans,
};

/// Serves invocations until the runtime stops: several at once where Lambda allows it (`AWS_LAMBDA_MAX_CONCURRENCY`), else
/// one after the other.
pub(super) async fn serve(pipeline: Pipeline, config: LambdaConfig) -> Result<(), Error> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        tracing::warn!(
            "running on a current-thread runtime: a handler that blocks holds back the answer of the whole batch; \
             use #[tokio::main] with its default flavor"
        );
    }
    let service = LambdaService::with_config(pipeline, config);
    off_the_main_thread(lambda_runtime::run_concurrent(service)).await.map_err(|error| Kind::Host(error).into())
}

/// The consumer as a tower service over `lambda_runtime`'s events, for programs that build their own
/// `lambda_runtime::Runtime` with layers around whole invocations.
///
/// An event that is not understood, and a failure that cannot be reported by name, are errors of the service: Lambda then
/// returns the whole batch to the queue.
///
/// What [`run`](super::run) does before the first invocation is such a program's own: [`Idempotency::warm`](crate::Idempotency::warm), so
/// that the first message does not wait for credentials and a connection.
///
/// ```no_run
/// use sqs_runtime::{Consumer, Idempotency, run::LambdaService};
///
/// async fn place() {}
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let consumer = Consumer::new(place).idempotency(Idempotency::memory());
/// let runtime = lambda_runtime::Runtime::new(LambdaService::new(consumer)?);
/// runtime.layer(lambda_runtime::layers::TracingLayer::new()).run_concurrent().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LambdaService {
    pipeline: Pipeline,
    config: LambdaConfig,
    /// The notice about a deadline that makes no sense is given once.
    noticed: Arc<AtomicBool>,
    ticker: Ticker,
    recorder: Option<Recorder>,
}

impl LambdaService {
    /// A service that runs this consumer.
    ///
    /// # Errors
    ///
    /// If the consumer says nothing about idempotency.
    pub fn new(consumer: Consumer) -> Result<Self, Error> {
        Ok(Self::with_config(Pipeline::new(consumer)?, LambdaConfig::new()))
    }

    /// The same with settings of one's own.
    #[must_use]
    pub fn with_config(pipeline: Pipeline, config: LambdaConfig) -> Self {
        let recorder = Recorder::of(config.record_folder.clone(), config.redactor.clone(), pipeline.clock());
        Self { pipeline, config, noticed: Arc::default(), ticker: Ticker::default(), recorder }
    }

    /// The time until the deadline that Lambda says. One that is already past when the invocation starts is unknown, not
    /// over: `cargo lambda watch` sends 10 minutes after 1970.
    fn time_left(&self, context: &Context) -> Option<Duration> {
        let now_ms = epoch_ms(self.pipeline.clock().wall());
        match context.deadline.checked_sub(now_ms) {
            Some(left) if left > 0 => Some(Duration::from_millis(left)),
            _ => {
                if !self.noticed.swap(true, Ordering::Relaxed) {
                    tracing::info!(
                        deadlineMs = context.deadline,
                        "the invocation's deadline is already past: taken as unknown"
                    );
                }
                self.config.unknown_deadline
            }
        }
    }

    async fn answer(&self, event: LambdaEvent<Box<RawValue>>) -> Result<PartialBatchResponse, Error> {
        let _open = self.ticker.open();
        let recording = self.recorder.as_ref().map(|recorder| recorder.record(event.payload.get()));
        let answer = self.run(event).await;
        if let Some(recording) = recording {
            recording.landed().await;
        }
        answer
    }

    async fn run(&self, event: LambdaEvent<Box<RawValue>>) -> Result<PartialBatchResponse, Error> {
        let LambdaEvent { payload, context } = event;
        let time_left = self.time_left(&context);
        let clock = Arc::clone(self.pipeline.clock());
        let invocation = Invocation::of_host(clock, time_left, host(context));
        let invocation = self.config.fails_when.iter().cloned().fold(invocation, Invocation::fail_when);
        Ok(self.pipeline.run(Batch::from_raw(payload)?, invocation).await?.response()?)
    }

    /// Runs it, with the names of the invocation on every line of its log.
    async fn named(self, event: LambdaEvent<Box<RawValue>>) -> Result<PartialBatchResponse, Diagnostic> {
        #[cfg(feature = "otel")]
        let export = self.export(&event.context);
        let span = spans::invocation(&event.context);
        let answer =
            self.answer(event).instrument(span.clone()).await.map_err(|error| span.in_scope(|| diagnostic(&error)));
        drop(span);
        #[cfg(feature = "otel")]
        export.await;
        answer
    }

    /// Exports what the invocation added to its trace, in a share of the time that is left then: the process may be frozen as soon as it
    /// has answered.
    #[cfg(feature = "otel")]
    fn export(&self, context: &Context) -> impl Future<Output = ()> + use<> {
        const PATIENCE: Duration = Duration::from_secs(1);
        let clock = Arc::clone(self.pipeline.clock());
        let end = self.time_left(context).map(|left| clock.monotonic() + left);
        let traces = self.config.traces.clone();
        async move {
            let Some(traces) = traces else { return };
            let left = end.map_or(PATIENCE, |end| end.saturating_sub(clock.monotonic()) / 2);
            let exporting = tokio::task::spawn_blocking(move || traces.flush());
            if in_time(exporting, left.min(PATIENCE), &clock).await.is_err() {
                tracing::warn!("traces were not exported in time; they are with the next invocation, if there is one");
            }
        }
    }
}

impl Service<LambdaEvent<Box<RawValue>>> for LambdaService {
    type Response = PartialBatchResponse;
    type Error = Diagnostic;
    type Future = BoxFuture<'static, Result<PartialBatchResponse, Diagnostic>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Diagnostic>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, event: LambdaEvent<Box<RawValue>>) -> Self::Future {
        Box::pin(self.clone().named(event))
    }
}

/// What Lambda says of an invocation. `$LATEST` is no version: what it means changes with every deployment.
fn host(context: Context) -> Host {
    let version = context.env_config.version.as_str();
    let handler_version = (!matches!(version, "" | "$LATEST")).then(|| version.into());
    Host { request_id: Some(context.request_id.as_str().into()), handler_version, context: Some(Box::new(context)) }
}

/// The error as Lambda shows it.
fn diagnostic(error: &Error) -> Diagnostic {
    tracing::error!(%error, "the invocation fails, so that Lambda deletes none of its messages");
    Diagnostic { error_type: error.type_name().into(), error_message: error.to_string() }
}

impl fmt::Debug for LambdaService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaService").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
