//! What a service said when it refused.

use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::terminal::without_accounts;

/// The service's code and its own words; without an answer, what was in the way.
pub(super) fn said<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    told(error, "no answer, and so it may have been done")
}

/// The same of a call that changes nothing.
#[cfg(feature = "live")]
pub(crate) fn said_of_a_read<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    told(error, "no answer")
}

fn told<E>(error: &SdkError<E, HttpResponse>, silence: &str) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let service = error.as_service_error().and_then(|service| Some((service.code()?, service.message())));
    without_accounts(&match service {
        Some((code, text)) => format!("{code}: {}", text.unwrap_or_default()),
        None => format!("{silence}: {}", DisplayErrorContext(error)),
    })
}
