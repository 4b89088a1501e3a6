//! What a subscriber's answer means for the message.

use std::time::SystemTime;

use reqwest::{StatusCode, header::HeaderMap};
use sqs_runtime::Failure;

use crate::retry_after::retry_after;

/// Whether the subscriber took the event, by status and headers alone: what else it says is not read.
pub(crate) fn judge(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Result<(), Failure> {
    match status {
        _ if status.is_success() => Ok(()),
        // It does not understand the event, or there is nobody any more: it will say the same next time. Not for ever, since
        // somebody may mend the subscriber and move the message back.
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE => {
            Err(Failure::reject(answered(status)).for_now())
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Err(asked_to_wait(status, headers, now)),
        _ => Err(Failure::retry(answered(status))),
    }
}

fn asked_to_wait(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Failure {
    match retry_after(headers, now) {
        Some(time) => Failure::retry_after(time).because(answered(status)),
        None => Failure::retry(answered(status)),
    }
}

/// No post was answered. Without a connection nobody else's event would be taken either.
pub(crate) fn unanswered(error: reqwest::Error) -> Failure {
    // The URL may hold a secret.
    let (is_shared, failure) = (error.is_connect(), Failure::retry(error.without_url()));
    if is_shared { failure.shared() } else { failure }
}

fn answered(status: StatusCode) -> String {
    format!("the subscriber answered {}", status.as_u16())
}
