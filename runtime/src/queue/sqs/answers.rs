//! What SQS answers, entry by entry.

use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::BatchResultErrorEntry,
};

use crate::queue::{EntryAnswer, QueueError};

/// Entries that failed, by their place.
pub(super) type Failed = Vec<(usize, QueueError)>;

/// Codes after which a receipt handle names no receive any more.
const LOST: [&str; 3] = ["MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidIdFormat"];

/// What SQS says of a receipt handle whose receive is over, under codes that mean other things too.
const LOST_TEXTS: [&str; 2] = ["not available for visibility timeout change", "receipt handle has expired"];

/// Codes that only a change of the deployment can help.
const DENIED: [&str; 9] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "InvalidClientTokenId",
    "KmsAccessDenied",
    "NonExistentQueue",
    "OptInRequired",
    "QueueDoesNotExist",
    "UnrecognizedClientException",
];

pub(super) fn by_place(failed: &[BatchResultErrorEntry]) -> Failed {
    failed.iter().filter_map(|entry| Some((entry.id().parse().ok()?, entry_error(entry)))).collect()
}

fn entry_error(entry: &BatchResultErrorEntry) -> QueueError {
    of_code(entry.code(), entry.message().unwrap_or_default())
}

/// An answer for each entry: what is not named as failed was done.
pub(super) fn for_all(entries: usize, called: Result<Failed, QueueError>) -> Vec<EntryAnswer> {
    let mut answers: Vec<EntryAnswer> = std::iter::repeat_with(|| Ok(())).take(entries).collect();
    match called {
        Ok(failed) => {
            for (place, error) in failed {
                if let Some(answer) = answers.get_mut(place) {
                    *answer = Err(error);
                }
            }
        }
        Err(error) => {
            let (text, is_denied) = (error.to_string(), error.is_denied());
            let again = || if is_denied { QueueError::denied(text.clone()) } else { QueueError::new(text.clone()) };
            answers.iter_mut().for_each(|answer| *answer = Err(again()));
        }
    }
    answers
}

/// What an error of a whole call means.
pub(super) fn error<E>(error: &SdkError<E, HttpResponse>) -> QueueError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let service = error.as_service_error();
    match service.and_then(ProvideErrorMetadata::code) {
        // Its code and its own words; the context would be the whole response.
        Some(code) => of_code(code, service.and_then(ProvideErrorMetadata::message).unwrap_or_default()),
        None => QueueError::new(DisplayErrorContext(error).to_string()),
    }
}

fn of_code(code: &str, text: &str) -> QueueError {
    // Query-era names have a prefix: `AWS.SimpleQueueService.NonExistentQueue`.
    let name = code.rsplit('.').next().unwrap_or(code);
    let said = if text.is_empty() { code.to_owned() } else { format!("{code}: {text}") };
    if LOST.contains(&name) || LOST_TEXTS.iter().any(|lost| text.contains(lost)) {
        QueueError::lost(said)
    } else if DENIED.contains(&name) {
        QueueError::denied(said)
    } else {
        QueueError::new(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_a_lost_receive_from_a_missing_permission() {
        assert!(of_code("AWS.SimpleQueueService.MessageNotInflight", "").is_lost());
        let text = "Value x for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for \
                    visibility timeout change.";
        assert!(of_code("InvalidParameterValue", text).is_lost());
        assert!(of_code("AWS.SimpleQueueService.NonExistentQueue", "").is_denied());
        assert!(of_code("AccessDeniedException", "").is_denied());
        let other = of_code("RequestThrottled", "slow down");
        assert!(!other.is_lost() && !other.is_denied());
    }

    #[test]
    fn an_error_of_the_call_is_one_of_every_entry() {
        let answers = for_all(2, Err(QueueError::denied("no")));
        assert!(answers.iter().all(|answer| answer.as_ref().is_err_and(QueueError::is_denied)));
        let answers = for_all(3, Ok(vec![(1, QueueError::lost("gone")), (7, QueueError::new("nobody"))]));
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    }
}
