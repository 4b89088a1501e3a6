//! Which sinks of metrics a program has that was started on Lambda or as a worker, beside those that it names itself.

use super::service::service;
use crate::{Consumer, Error, error::Kind, metrics::Emf};

/// What the environment adds: a line for CloudWatch where a namespace is named.
#[expect(clippy::disallowed_methods, reason = "whoever operates the program sets this in its environment")]
pub(super) fn with_sinks(consumer: Consumer) -> Result<Consumer, Error> {
    const NAME: &str = "SQS_RUNTIME_METRICS_NAMESPACE";
    let service = service();
    #[cfg(feature = "metrics")]
    let consumer = with_facade(consumer, &service);
    let Some(namespace) = std::env::var_os(NAME).filter(|value| !value.is_empty()) else { return Ok(consumer) };
    match namespace.to_str().filter(|namespace| is_namespace(namespace)) {
        Some(namespace) => Ok(consumer.metrics(Emf::new(namespace, service))),
        None => Err(Kind::Settings(format!(
            "{NAME} has to be a namespace of CloudWatch: at most 255 letters, digits and .-_/#: that do not begin with AWS/"
        ))
        .into()),
    }
}

/// Elsewhere than on Lambda a program that has an exporter has it behind the facade.
#[cfg(feature = "metrics")]
fn with_facade(consumer: Consumer, service: &str) -> Consumer {
    if super::is_on_lambda() || !consumer.settings.sinks.is_empty() {
        return consumer;
    }
    consumer.metrics(crate::metrics::Facade::new(service))
}

/// CloudWatch's rules for the name of a namespace.
fn is_namespace(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/#:".contains(&byte);
    (1..=255).contains(&name.len()) && name.bytes().all(is_allowed) && !name.starts_with("AWS/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_what_cloudwatch_takes() {
        for (name, is_one) in [
            ("SqsRuntime", true),
            ("shop/orders", true),
            ("", false),
            ("AWS/SQS", false),
            ("with space", false),
            (&"x".repeat(256), false),
        ] {
            assert_eq!(is_namespace(name), is_one, "{name}");
        }
    }
}
