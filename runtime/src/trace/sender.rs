//! The contexts that senders put on their messages, and the one that goes on messages of ours.

use std::collections::HashMap;

use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_aws::trace::xray_propagator::{span_context_from_str, span_context_to_string};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::batch::{MessageAttribute, MessageAttributeValue};

/// The names of W3C Trace Context, as message attributes: an extension, for senders that X-Ray does not know.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// The contexts that a message was sent in. Links, never parents: a message that comes three times would make three runs part of one
/// request that ended long ago.
pub(super) fn links(header: Option<&str>, attribute: impl Fn(&str) -> Option<MessageAttribute>) -> Vec<SpanContext> {
    let of_header = header.and_then(span_context_from_str);
    let of_attributes = text(attribute(TRACEPARENT)).map(|parent| {
        let state = text(attribute(TRACESTATE));
        let pairs = [(TRACEPARENT, Some(parent)), (TRACESTATE, state)];
        let carrier: HashMap<String, String> =
            pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        context.span().span_context().clone()
    });
    of_header.into_iter().chain(of_attributes).filter(SpanContext::is_valid).collect()
}

fn text(attribute: Option<MessageAttribute>) -> Option<String> {
    match attribute?.value() {
        MessageAttributeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The context of an X-Ray header that says that its trace is recorded.
#[cfg(feature = "lambda")]
pub(super) fn sampled_context(header: &str) -> Option<Context> {
    let context = span_context_from_str(header).filter(|context| context.is_valid() && context.is_sampled())?;
    Some(Context::new().with_remote_span_context(context))
}

/// The context of the span that is open here, as it goes on a message that is sent: whoever consumes it links to it.
///
/// `None` where no layer of `tracing-opentelemetry` listens.
///
/// ```
/// use sqs_runtime::trace::outgoing;
///
/// # fn send(_: impl Fn(&str, &str)) {}
/// if let Some(context) = outgoing() {
///     // aws_sdk_sqs: a message system attribute named `AWSTraceHeader`, of type `String`. It takes none of the 10 attributes.
///     let header = context.x_ray_header();
///     // Where its consumers know W3C Trace Context only: message attributes of type `String`.
///     for (name, value) in context.message_attributes() {
///         println!("{name}: {value}");
///     }
/// #   let _ = header;
/// }
/// ```
#[must_use]
pub fn outgoing() -> Option<Outgoing> {
    let context = Span::current().context();
    let context = context.span().span_context().clone();
    context.is_valid().then_some(Outgoing(context))
}

/// A context that goes on messages.
#[derive(Clone, Debug)]
pub struct Outgoing(SpanContext);

impl Outgoing {
    /// The value of the message system attribute `AWSTraceHeader`, which X-Ray and this crate understand.
    #[must_use]
    pub fn x_ray_header(&self) -> String {
        // Of a valid context it is always made.
        span_context_to_string(&self.0).unwrap_or_default()
    }

    /// The same as message attributes of W3C Trace Context: `traceparent`, and `tracestate` where there is one.
    #[must_use]
    pub fn message_attributes(&self) -> Vec<(String, String)> {
        let mut carrier = HashMap::new();
        let context = Context::new().with_remote_span_context(self.0.clone());
        TraceContextPropagator::new().inject_context(&context, &mut carrier);
        let mut pairs: Vec<_> = carrier.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        pairs.sort();
        pairs
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};

    use super::*;

    const TRACE: TraceId = TraceId::from_bytes([0x57, 0x59, 0xe9, 0x88, 0xbd, 0x86, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

    fn outgoing() -> Outgoing {
        let span = SpanId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8]);
        Outgoing(SpanContext::new(TRACE, span, TraceFlags::SAMPLED, true, TraceState::default()))
    }

    #[test]
    fn the_span_that_is_open_goes_out() {
        use opentelemetry::trace::TracerProvider;
        use tracing_subscriber::layer::SubscriberExt;
        assert!(super::outgoing().is_none(), "nobody listens");
        let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("checkout");
            let _entered = span.enter();
            let attributes = super::outgoing().unwrap().message_attributes();
            let context = span.context().span().span_context().clone();
            let parent = format!("00-{}-{}-01", context.trace_id(), context.span_id());
            assert_eq!(attributes, [("traceparent".to_owned(), parent)]);
        });
    }

    #[test]
    fn what_goes_out_comes_in_as_a_link() {
        let outgoing = outgoing();
        let attributes = outgoing.message_attributes();
        assert_eq!(attributes.len(), 1, "an empty state is none: {attributes:?}");
        let attribute = |name: &str| {
            attributes
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| MessageAttribute::string(value.as_str()))
        };
        let header = outgoing.x_ray_header();
        assert!(header.starts_with("Root=1-5759e988-bd86") && header.ends_with(";Sampled=1"), "{header}");
        let links = links(Some(&header), attribute);
        assert_eq!(links.len(), 2);
        for link in links {
            assert_eq!((link.trace_id(), link.span_id()), (TRACE, outgoing.0.span_id()));
        }
    }

    #[test]
    fn what_is_no_context_is_no_link() {
        for header in [None, Some(""), Some("Root=1"), Some("Root=1-0-0;Parent=0"), Some("\u{1b}[31m")] {
            let attribute = |_: &str| Some(MessageAttribute::string("00-xyz"));
            assert_eq!(links(header, attribute), [], "{header:?}");
        }
        let number = |_: &str| Some(MessageAttribute::number(1));
        assert_eq!(links(None, number), []);
    }

    /// Lambda without active tracing.
    #[cfg(feature = "lambda")]
    #[test]
    fn what_is_not_sampled_is_no_parent() {
        let header = outgoing().x_ray_header();
        assert!(sampled_context(&header).is_some());
        assert!(sampled_context(&header.replace("Sampled=1", "Sampled=0")).is_none());
    }
}
