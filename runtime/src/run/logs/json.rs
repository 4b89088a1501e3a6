//! Log lines as flat JSON.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// Formats each event as one line of JSON: `timestamp` (RFC 3339), `level` and `message` first, then the fields of the spans around it and
/// its own at the same level, so that whoever searches the log needs no paths. Where two have a name in common, the innermost stands.
///
/// Control characters, and those that turn the reading direction, are escaped, whoever wrote them.
///
/// ```
/// use sqs_runtime::run::logs::JsonLines;
/// use tracing_subscriber::fmt::format::JsonFields;
///
/// let subscriber = tracing_subscriber::fmt().fmt_fields(JsonFields::new()).event_format(JsonLines::new()).finish();
/// # let _ = subscriber;
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct JsonLines {}

impl JsonLines {
    /// The format.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[derive(Serialize)]
struct Line<'a> {
    timestamp: &'a str,
    level: &'static str,
    message: Value,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut fields = fields_of_spans(context);
        let mut own = String::new();
        context.format_fields(Writer::new(&mut own), event)?;
        fields.extend(object(&own)?);
        let message = fields.remove("message").unwrap_or_else(|| event.metadata().name().into());
        for reserved in ["timestamp", "level"] {
            fields.remove(reserved);
        }
        let line = Line { timestamp: &timestamp, level: event.metadata().level().as_str(), message, fields };
        let line = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{}", Escaped(&line))
    }
}

/// The fields of all spans around the event, those of inner ones last. The span of `lambda_runtime` says what the invocation's own
/// does, in other words.
fn fields_of_spans<S>(context: &FmtContext<'_, S, JsonFields>) -> Map<String, Value>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut fields = Map::new();
    for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
        if span.metadata().target().starts_with("lambda_runtime") {
            continue;
        }
        let extensions = span.extensions();
        let formatted = extensions.get::<FormattedFields<JsonFields>>().and_then(|text| object(text).ok());
        fields.extend(
            formatted.into_iter().flatten().filter(|(name, _)| name != "message" && !name.starts_with("otel.")),
        );
    }
    fields
}

/// What `JsonFields` wrote: an object, or nothing.
fn object(text: &str) -> Result<Map<String, Value>, fmt::Error> {
    if text.is_empty() { Ok(Map::new()) } else { serde_json::from_str(text).map_err(|_| fmt::Error) }
}

/// JSON in which nothing acts on a terminal. Only strings have such characters: those below a space are escaped already.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(is_harmful) {
            match part.chars().next_back().filter(|last| is_harmful(*last)) {
                None => f.write_str(part)?,
                Some(last) => {
                    f.write_str(part.strip_suffix(last).unwrap_or_default())?;
                    write!(f, "\\u{:04x}", u32::from(last))?;
                }
            }
        }
        Ok(())
    }
}

/// All of these have at most 16 bits.
fn is_harmful(c: char) -> bool {
    c.is_control() || crate::batch::turns_direction(c) || matches!(c, '\u{2028}' | '\u{2029}')
}
