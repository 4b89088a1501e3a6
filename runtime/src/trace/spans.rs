//! The spans, with what they are called in a log.
//!
//! All are of the most severe level, so that a message keeps its names whatever is logged; and are asked for first: a span that
//! nobody listens to is not free.

use tracing::{Level, Span};

use super::x_ray::TraceHeader;
use crate::batch::{Batch, Record, loggable};

/// Around an invocation of Lambda.
#[cfg(feature = "lambda")]
pub(crate) fn invocation(context: &lambda_runtime::Context) -> Span {
    if !tracing::span_enabled!(Level::ERROR) {
        return Span::none();
    }
    let trace = context.xray_trace_id.as_deref().and_then(TraceHeader::parse);
    let span = tracing::error_span!(
        "invocation",
        otel.name = tracing::field::Empty,
        otel.kind = tracing::field::Empty,
        requestId = context.request_id,
        traceId = trace.map(|header| header.root),
    );
    #[cfg(feature = "otel")]
    super::conventions::describe_invocation(&span, context);
    span
}

/// Around a batch, from its plan to the last word about it. The log needs none.
#[cfg_attr(not(feature = "otel"), expect(clippy::missing_const_for_fn, unused_variables, reason = "there is no span"))]
pub(crate) fn batch(batch: &Batch) -> Span {
    #[cfg(feature = "otel")]
    if tracing::span_enabled!(Level::ERROR) {
        let span = tracing::error_span!("batch", otel.name = tracing::field::Empty, otel.kind = tracing::field::Empty);
        super::conventions::describe_batch(&span, batch);
        return span;
    }
    Span::none()
}

/// Around the run of a message, layers included.
pub(crate) fn message(record: &Record) -> Span {
    if !tracing::span_enabled!(Level::ERROR) {
        return Span::none();
    }
    let span = tracing::error_span!(
        "message",
        otel.name = tracing::field::Empty,
        otel.kind = tracing::field::Empty,
        messageId = &*record.display_id(),
        messageGroupId = record.message_group_id().map(loggable).as_deref(),
        receiveCount = record.receive_count(),
        traceId = record.trace_header().and_then(TraceHeader::parse).map(|header| header.root),
    );
    #[cfg(feature = "otel")]
    super::conventions::describe_message(&span, record);
    span
}
