//! Which trace a message belongs to, and what this process adds to it.
//!
//! Three spans are made, of `tracing`: one for an invocation of Lambda, one for a batch, one for the run of a message. What they are
//! called in a log stands on them always; with the feature `otel` they are described by [OpenTelemetry's conventions for
//! messaging](https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/) as well, for a layer of `tracing-opentelemetry`.
//! [The page](crate::guide::observing#traces) has the whole.

#[cfg(feature = "otel")]
mod conventions;
#[cfg(feature = "otel")]
pub(crate) mod otlp;
#[cfg(feature = "otel")]
mod sender;
pub(crate) mod spans;
pub(crate) mod x_ray;

#[cfg(feature = "otel")]
pub(crate) use self::conventions::ended;
#[cfg(feature = "otel")]
pub use self::sender::{Outgoing, outgoing};
