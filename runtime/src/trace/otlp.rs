//! The exporter: spans to a collector over OTLP (HTTP and protobuf), where the environment names one.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_aws::trace::XrayIdGenerator;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Metadata, Subscriber};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// Where spans wait until they are exported. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Exports as the variables `OTEL_*` say; its ids are such that X-Ray takes them.
    pub(crate) fn of_service(service: Option<String>) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder().with_http().build()?;
        let resource =
            service.into_iter().fold(Resource::builder(), |resource, service| resource.with_service_name(service));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_id_generator(XrayIdGenerator::default())
            .with_resource(resource.build());
        Ok(Self(provider.build()))
    }

    /// What makes its spans of those of `tracing`.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = OpenTelemetryLayer::new(self.0.tracer("sqs-runtime"));
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        layer.with_filter(filter_fn(is_traced))
    }

    /// Waits until what ended by now is exported: Lambda freezes the process after an answer. Blocks its thread.
    #[cfg(feature = "lambda")]
    pub(crate) fn flush(&self) {
        if let Err(error) = self.0.force_flush() {
            tracing::warn!(%error, "traces could not be exported");
        }
    }

    /// Exports what is left, at the end of the program. Blocks its thread.
    pub(crate) fn end(&self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}

/// Not the runtime's own span, which ends after the flush; and not what the exporter does, which would never come to an end.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    const UNTRACED: [&str; 5] = ["lambda_runtime", "opentelemetry", "hyper", "reqwest", "h2"];
    !UNTRACED.iter().any(|target| metadata.target().starts_with(target))
}
