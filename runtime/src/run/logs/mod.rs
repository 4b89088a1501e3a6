//! The log of a program: one call that sets it up, and the format of its lines.

mod json;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    fmt::{format::JsonFields, writer::BoxMakeWriter},
    layer::{Identity, Layered, SubscriberExt},
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

pub use self::json::JsonLines;

/// What all layers stand on.
pub(super) type Filtered = Layered<EnvFilter, Registry>;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Text,
}

/// Installs a log subscriber, unless the program has one: on Lambda flat lines of JSON on standard output, elsewhere text on standard
/// error. [`run`](crate::run()) does it; a program that builds its host itself calls it first.
///
/// `SQS_RUNTIME_LOG_FORMAT`, else `AWS_LAMBDA_LOG_FORMAT`, chooses another format: `json` or `text`. `RUST_LOG`, else
/// `AWS_LAMBDA_LOG_LEVEL`, says what is logged; by default `info` and what is more severe. [The page](crate::guide::observing#logs) has
/// the fields.
pub fn install() {
    install_with(None::<Identity>);
}

/// The same with one more layer.
pub(super) fn install_with(layer: Option<impl Layer<Filtered> + Send + Sync>) {
    let on_lambda = super::is_on_lambda();
    let format = format(on_lambda, setting);
    let subscriber = registry().with(filter(setting)).with(layer).with(lines(format, on_lambda));
    // An error means that there is a subscriber already.
    if subscriber.try_init().is_ok() && format == Format::Json {
        log_panics();
    }
}

/// What the lines are written by.
fn lines<S>(format: Format, on_lambda: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let writer = if on_lambda { BoxMakeWriter::new(std::io::stdout) } else { BoxMakeWriter::new(std::io::stderr) };
    let layer = fmt::layer().with_target(false).with_writer(writer);
    // Asking for colours panics where the program has left them out of `tracing-subscriber`; refusing them never does.
    let layer = if on_lambda { layer.with_ansi(false) } else { layer };
    match format {
        Format::Text => layer.boxed(),
        Format::Json => layer.fmt_fields(JsonFields::new()).event_format(JsonLines::new()).boxed(),
    }
}

/// A panic's own words go through the log as well: written raw they could forge a line of it.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let said = panic.payload_as_str().unwrap_or("a panic without a text");
        let location = panic.location().map(tracing::field::display);
        tracing::error!(location, "panicked: {}", crate::batch::loggable(said));
    }));
}

#[expect(clippy::disallowed_methods, reason = "log settings stand in the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn format(on_lambda: bool, setting: impl Fn(&str) -> Option<String>) -> Format {
    let named = setting("SQS_RUNTIME_LOG_FORMAT").or_else(|| setting("AWS_LAMBDA_LOG_FORMAT"));
    match named.as_deref() {
        Some(name) if name.eq_ignore_ascii_case("json") => Format::Json,
        Some(name) if name.eq_ignore_ascii_case("text") => Format::Text,
        _ if on_lambda => Format::Json,
        _ => Format::Text,
    }
}

/// What `RUST_LOG` asks for, else the level that Lambda's log configuration sets, else `info`.
fn filter(setting: impl Fn(&str) -> Option<String>) -> EnvFilter {
    let level = || {
        let level = setting("AWS_LAMBDA_LOG_LEVEL")?.to_lowercase();
        // Lambda's most severe level; a directive of that name would be a module's, and nothing would be logged.
        Some(if level == "fatal" { "error".to_owned() } else { level })
    };
    let named = setting("RUST_LOG").map(|directives| directives.to_lowercase()).or_else(level);
    EnvFilter::new(named.as_deref().unwrap_or("info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        |name| settings.iter().find_map(|(other, value)| (*other == name).then(|| (*value).to_owned()))
    }

    #[test]
    fn the_format_is_what_the_environment_says() {
        for (on_lambda, settings, expected) in [
            (true, &[] as &[_], Format::Json),
            (false, &[], Format::Text),
            (true, &[("AWS_LAMBDA_LOG_FORMAT", "Text")], Format::Text),
            (true, &[("AWS_LAMBDA_LOG_FORMAT", "JSON")], Format::Json),
            (false, &[("SQS_RUNTIME_LOG_FORMAT", "json")], Format::Json),
            (true, &[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("SQS_RUNTIME_LOG_FORMAT", "text")], Format::Text),
            (true, &[("AWS_LAMBDA_LOG_FORMAT", "xml")], Format::Json),
        ] {
            assert_eq!(format(on_lambda, with(settings)), expected, "{settings:?}");
        }
    }

    #[test]
    fn the_level_is_what_the_environment_says() {
        for (settings, expected) in [
            (&[] as &[_], "info"),
            (&[("AWS_LAMBDA_LOG_LEVEL", "WARN")], "warn"),
            (&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")], "error"),
            (&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("RUST_LOG", "sqs_runtime=DEBUG")], "sqs_runtime=debug"),
        ] {
            assert_eq!(filter(with(settings)).to_string(), expected, "{settings:?}");
        }
    }
}
