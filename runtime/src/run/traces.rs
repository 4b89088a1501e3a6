//! The exporter of traces that a program has which was started by `run`.

use crate::trace::otlp::Traces;

use super::{logs, service::service};

/// Sets the log up, and where the environment names a collector the exporter as well.
pub(super) fn install() -> Option<Traces> {
    let exporter = is_wanted().then(|| Traces::of_service(setting("OTEL_SERVICE_NAME").is_none().then(service)));
    let traces = match exporter {
        Some(Ok(traces)) => Some(traces),
        refused => {
            logs::install();
            if let Some(Err(error)) = refused {
                tracing::error!(%error, "traces are not exported; messages are consumed all the same");
            }
            return None;
        }
    };
    logs::install_with(traces.as_ref().map(Traces::layer));
    traces
}

/// Whether the environment names a collector, and does not turn it off.
fn is_wanted() -> bool {
    let is_off = setting("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let names = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    !is_off && names.into_iter().any(|name| setting(name).is_some())
}

#[expect(clippy::disallowed_methods, reason = "where traces go stands in the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
