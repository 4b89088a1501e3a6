//! The log subscriber that [`run`](super::run) installs.

use tracing_subscriber::{EnvFilter, fmt, util::SubscriberInitExt};

/// Installs a subscriber unless the program has one. On Lambda: JSON with `timestamp` (RFC 3339) and `level` at the top, as
/// Lambda's own level filter wants them. Elsewhere: text on standard error.
pub(super) fn install(on_lambda: bool) {
    let filter = filter();
    // An error means that there is a subscriber already.
    let _ = if on_lambda {
        let json = fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
        json.with_env_filter(filter).with_target(false).finish().try_init().map(|()| log_panics())
    } else {
        fmt().with_writer(std::io::stderr).with_env_filter(filter).with_target(false).finish().try_init()
    };
}

/// A panic's own words go through the log as well: written raw they could forge a line of it.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let said = panic.payload_as_str().unwrap_or("a panic without a text");
        let location = panic.location().map(tracing::field::display);
        tracing::error!(location, "panicked: {}", crate::batch::loggable(said));
    }));
}

/// `RUST_LOG`, else the level that Lambda's log configuration sets, else `info`.
#[expect(clippy::disallowed_methods, reason = "log settings stand in the environment")]
fn filter() -> EnvFilter {
    let named = ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"].into_iter().find_map(|name| std::env::var(name).ok());
    EnvFilter::new(named.as_deref().unwrap_or("info").to_lowercase())
}
