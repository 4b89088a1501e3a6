//! Why no messages are received.

use std::fmt;

use sqs_runtime::queue::QueueError;

/// Why no messages are received.
#[derive(Debug)]
pub enum Refused {
    /// SQS said no, or nothing.
    Queue(QueueError),
    /// The redrive policy allows a single receive, and that belongs to the consumer.
    OnlyReceive,
}

impl Refused {
    /// Whether only another permission, or another queue, can help.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Queue(error) if error.is_denied())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(error) => error.fmt(f),
            Self::OnlyReceive => f.write_str(
                "its redrive policy has a maxReceiveCount of 1: a look at a message would send it to the dead-letter queue \
                 unprocessed; raise the number, look into the dead-letter queue, or say --force",
            ),
        }
    }
}

impl std::error::Error for Refused {}
