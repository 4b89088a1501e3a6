//! Why a whole event cannot be answered.

use std::fmt;

/// An event that is not a batch of SQS messages: the invocation fails, so that nothing is deleted unread.
///
/// An empty success would make Lambda delete every message of a batch that was not understood.
#[derive(Debug)]
pub struct EventError(Kind);

#[derive(Debug)]
pub(super) enum Kind {
    NotJson(serde_json::Error),
    NotUtf8(std::str::Utf8Error),
    TooLong(usize),
    NotAnObject(&'static str),
    NoRecords(&'static str),
    RepeatedRecords,
    NotAnSqsEvent { found: Box<str> },
    SeveralQueues,
}

impl EventError {
    /// Whether the event comes from another source than SQS (S3, SNS, Kinesis, API Gateway, ...).
    #[must_use]
    pub fn is_not_an_sqs_event(&self) -> bool {
        matches!(self.0, Kind::NotAnSqsEvent { .. })
    }

    /// The source that the event seems to come from, where it is not SQS.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        match &self.0 {
            Kind::NotAnSqsEvent { found } => Some(found),
            _ => None,
        }
    }

    /// Whether the event is no JSON at all.
    #[must_use]
    pub fn is_not_json(&self) -> bool {
        matches!(self.0, Kind::NotJson(_) | Kind::NotUtf8(_))
    }

    /// Whether the records are missing, null, repeated or no list.
    #[must_use]
    pub fn is_without_records(&self) -> bool {
        matches!(self.0, Kind::NoRecords(_) | Kind::NotAnObject(_) | Kind::RepeatedRecords)
    }

    /// Whether records of several queues came together although [`single_queue`](crate::Consumer::single_queue) is on.
    #[must_use]
    pub fn is_several_queues(&self) -> bool {
        matches!(self.0, Kind::SeveralQueues)
    }

    pub(crate) fn several_queues() -> Self {
        Self(Kind::SeveralQueues)
    }
}

impl From<serde_json::Error> for EventError {
    /// What is no JSON is no event.
    fn from(error: serde_json::Error) -> Self {
        Self(Kind::NotJson(error))
    }
}

impl From<Kind> for EventError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXPECTED: &str = "expected an SQS event, `{\"Records\":[..]}`";
        match &self.0 {
            Kind::NotJson(_) => write!(f, "the event is not valid JSON"),
            Kind::NotUtf8(_) => write!(f, "the event is not valid UTF-8"),
            Kind::TooLong(bytes) => write!(f, "the event has {bytes} bytes, more than can be addressed"),
            Kind::NotAnObject(what) => write!(f, "{EXPECTED}, found {what}; was it wrapped or sent by hand?"),
            Kind::NoRecords(what) => {
                write!(f, "{EXPECTED}, but `Records` is {what}; is this function invoked by hand?")
            }
            Kind::RepeatedRecords => write!(f, "{EXPECTED}, but `Records` is there twice"),
            Kind::NotAnSqsEvent { found } => write!(
                f,
                "not an SQS event: it comes from {found}; remove that event source or trigger from this function"
            ),
            Kind::SeveralQueues => write!(f, "the event mixes records of several queues, and `single_queue` is on"),
        }
    }
}

impl std::error::Error for EventError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::NotJson(error) => Some(error),
            Kind::NotUtf8(error) => Some(error),
            _ => None,
        }
    }
}
