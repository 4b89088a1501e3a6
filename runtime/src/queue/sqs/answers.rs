//! What SQS answers, entry by entry.

use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::BatchResultErrorEntry,
};

use crate::queue::{EntryAnswer, QueueError};

/// What became of the entries that an answer names, by their place.
pub(super) type Named = Vec<(usize, EntryAnswer)>;

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

/// What an answer says of its entries. One that names an entry as failed which cannot be told has confirmed none: it may be any.
pub(super) fn named<'a>(
    done: impl IntoIterator<Item = &'a str>,
    failed: &[BatchResultErrorEntry],
) -> Result<Named, QueueError> {
    let unreadable = || QueueError::new("SQS named an entry as failed that was not sent");
    let done = done.into_iter().filter_map(|id| Some(Ok((id.parse().ok()?, Ok(())))));
    let failed =
        failed.iter().map(|entry| Ok((entry.id().parse().map_err(|_| unreadable())?, Err(entry_error(entry)))));
    done.chain(failed).collect()
}

fn entry_error(entry: &BatchResultErrorEntry) -> QueueError {
    of_code(entry.code(), entry.message().unwrap_or_default())
}

/// An answer for each entry. Only what is named as done was done: a message is deleted for it.
pub(super) fn for_all(entries: usize, called: Result<Named, QueueError>) -> Vec<EntryAnswer> {
    let every = |error: &dyn Fn() -> QueueError| (0..entries).map(|_| Err(error())).collect::<Vec<_>>();
    match called {
        Ok(named) => {
            let mut answers = every(&|| QueueError::new("SQS did not say what became of this entry"));
            for (place, said) in named {
                if let Some(answer) = answers.get_mut(place) {
                    *answer = said;
                }
            }
            answers
        }
        Err(error) => {
            let (text, is_denied) = (error.to_string(), error.is_denied());
            every(&|| if is_denied { QueueError::denied(text.clone()) } else { QueueError::new(text.clone()) })
        }
    }
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
        let named = vec![(0, Ok(())), (1, Err(QueueError::lost("gone"))), (7, Ok(()))];
        let answers = for_all(3, Ok(named));
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
    }
}
