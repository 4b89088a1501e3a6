//! The crate's error: what stops an invocation or the start of a program, never what one message did.

use std::fmt;

use tower::BoxError;

use crate::{batch::EventError, claim::StoreError, queue::QueueError, response::FailedInvocation};

/// Why an event could not be answered, or a consumer could not be started.
///
/// A handler's failure is not among them: it is an [`Outcome`](crate::outcome::Outcome).
pub struct Error(Box<Kind>);

#[derive(Debug)]
pub(crate) enum Kind {
    Event(EventError),
    Failed(FailedInvocation),
    NoIdempotency,
    NoStore,
    /// The settings can never work.
    Settings(String),
    #[cfg_attr(not(feature = "env"), expect(dead_code, reason = "only a store from the environment fails so"))]
    Store(StoreError),
    Usage(String),
    Read(std::io::Error),
    Write(std::io::Error),
    /// The queue that a worker is to receive from cannot be used.
    #[cfg_attr(not(feature = "worker"), expect(dead_code, reason = "only a worker fails so"))]
    Queue(QueueError),
    #[cfg_attr(not(feature = "lambda"), expect(dead_code, reason = "only the Lambda host fails so"))]
    Host(BoxError),
}

impl Error {
    /// Whether the event was not understood: no JSON, no records, or another source than SQS.
    #[must_use]
    pub fn is_event(&self) -> bool {
        matches!(*self.0, Kind::Event(_))
    }

    /// Whether a record failed that cannot be named, so that the whole invocation had to fail.
    #[must_use]
    pub fn is_unreportable(&self) -> bool {
        matches!(*self.0, Kind::Failed(failed) if failed.is_unnamed())
    }

    /// Whether the consumer was started without a word about idempotency, or without a store for it.
    #[must_use]
    pub fn is_missing_idempotency(&self) -> bool {
        matches!(*self.0, Kind::NoIdempotency | Kind::NoStore)
    }

    /// Whether a setting can never work, such as a key by a pointer that is none.
    #[must_use]
    pub fn is_settings(&self) -> bool {
        matches!(*self.0, Kind::Settings(_))
    }

    /// Whether a worker's queue does not exist or may not be asked.
    #[must_use]
    pub fn is_queue(&self) -> bool {
        matches!(*self.0, Kind::Queue(_))
    }

    /// Whether the command line was not understood.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(*self.0, Kind::Usage(_))
    }

    /// The name that the host reports the error under.
    #[cfg(feature = "lambda")]
    pub(crate) fn type_name(&self) -> &'static str {
        match *self.0 {
            Kind::Event(ref error) if error.is_not_an_sqs_event() => "NotAnSqsEvent",
            Kind::Event(_) => "MalformedEvent",
            Kind::Failed(failed) => failed.type_name(),
            _ => "Error",
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<EventError> for Error {
    fn from(error: EventError) -> Self {
        Kind::Event(error).into()
    }
}

impl From<FailedInvocation> for Error {
    fn from(error: FailedInvocation) -> Self {
        Kind::Failed(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Event(error) => error.fmt(f),
            Kind::Failed(error) => error.fmt(f),
            Kind::NoIdempotency => f.write_str(
                "nothing was said about idempotency: give the consumer `.idempotency(..)`, \
                 or `.without_idempotency()` if every message may run more than once",
            ),
            Kind::NoStore => f.write_str(
                "no idempotency store is named: set IDEMPOTENCY_TABLE to the name of a DynamoDB table, \
                 or to `memory` where nothing is at stake",
            ),
            Kind::Settings(mistake) => f.write_str(mistake),
            Kind::Store(error) => write!(f, "the idempotency table cannot be used: {error}"),
            Kind::Queue(error) => write!(
                f,
                "the queue cannot be received from; check its name, and the role's permissions for it: {error}"
            ),
            Kind::Usage(text) => f.write_str(text),
            Kind::Read(_) => f.write_str("cannot be read"),
            Kind::Write(_) => f.write_str("cannot write the response"),
            Kind::Host(error) => write!(f, "the host stopped: {error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `main` prints when it returns an error: the sentence, then the causes.
        write!(f, "{self}")?;
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        causes.take(8).try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Event(error) => error.source(),
            Kind::Read(error) | Kind::Write(error) => Some(error),
            Kind::Host(error) => error.source(),
            Kind::Queue(error) => error.source(),
            _ => None,
        }
    }
}
