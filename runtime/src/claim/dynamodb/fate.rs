//! What an error of the SDK says about a write.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::claim::StoreError;

/// What is known of a write that was neither done nor refused by its condition.
#[derive(Debug)]
pub(super) enum Fate {
    /// Nothing was written, nor would the same request ever be: denied, malformed, too large, no such table.
    Refused(StoreError),
    /// Nothing was written, and the same request may pass later: throttled, or in conflict with a transaction.
    NotNow(StoreError),
    /// It may have landed, or may land later: no answer, or one of a failing server.
    Unknown(StoreError),
}

/// The codes of what may pass.
const PASSING: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "TransactionConflictException",
];

impl Fate {
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let said = StoreError::new(describe(error));
        match error {
            SdkError::ConstructionFailure(_) => Self::Refused(said),
            SdkError::ServiceError(service) if service.raw().status().is_client_error() => {
                let may_pass = service.err().code().is_some_and(|code| PASSING.contains(&code));
                if may_pass { Self::NotNow(said) } else { Self::Refused(said) }
            }
            _ => Self::Unknown(said),
        }
    }

    /// The same of an operation of which an earlier attempt may have landed.
    pub(super) fn in_doubt(self) -> Self {
        Self::Unknown(self.into_error())
    }

    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) | Self::NotNow(error) | Self::Unknown(error) => error,
        }
    }
}

/// The error in words. A service's error by its code alone where its text might quote the request; and with what to do
/// about it, where that is known.
fn describe<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let Some(service) = error.as_service_error() else { return DisplayErrorContext(error).to_string() };
    let code = service.code().unwrap_or("an error without a code");
    match code {
        "ResourceNotFoundException" => format!("{code}: there is no such table in this account and region"),
        "AccessDeniedException" => {
            format!(
                "{code}: the role needs dynamodb:UpdateItem and dynamodb:GetItem on the table, and what a transaction writes"
            )
        }
        "ValidationException" => format!("{code}: {}", service.message().unwrap_or_default()),
        code => code.to_owned(),
    }
}
