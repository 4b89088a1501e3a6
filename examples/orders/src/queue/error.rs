//! Why not all was sent.

use std::{error::Error, fmt};

use aws_sdk_sqs::error::{BuildError, ProvideErrorMetadata};

use crate::causes::causes;

/// Why not all was sent.
#[derive(Debug)]
pub enum SendError {
    /// A whole batch got no answer, or none that took it.
    Request(String),
    /// The queue refused a message as often as it was tried.
    Refused {
        /// The order in it.
        order_id: String,
        /// How often it was tried.
        tries: u32,
        /// What the queue said last.
        why: String,
    },
}

impl SendError {
    pub(super) fn request<E>(queue_url: &str, error: &E) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let why = match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            _ => causes(error),
        };
        // The SDK does not take its endpoint from the queue's URL, which surprises with an emulator's.
        let hint =
            if queue_url.starts_with("http://") { "; is AWS_ENDPOINT_URL_SQS set to the queue's host?" } else { "" };
        Self::Request(format!("{queue_url}: {why}{hint}"))
    }

    pub(super) fn refused(order_id: String, tries: u32, why: &str) -> Self {
        Self::Refused { order_id, tries, why: why.to_owned() }
    }
}

impl From<BuildError> for SendError {
    fn from(error: BuildError) -> Self {
        Self::Request(error.to_string())
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(why) => write!(f, "a batch was not sent: {why}"),
            Self::Refused { order_id, tries, why } => {
                write!(f, "order {order_id} was refused {tries} times, the last time because: {why}")
            }
        }
    }
}

impl Error for SendError {}
