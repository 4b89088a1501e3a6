//! What a handler says when it does not succeed.

use std::{error::Error as StdError, fmt, time::Duration};

use tower::BoxError;

use crate::{
    extract::{TooLarge, is_rejection},
    outcome::{Outcome, Reason, ReasonClass},
};

/// Why a handler did not succeed, and whether trying again can help.
///
/// Every error goes through `?` and means **retry**: standard errors, boxed ones, `anyhow::Error`, strings.
/// [`reject`](Self::reject) and [`retry_after`](Self::retry_after) say more.
///
/// ```
/// use sqs_runtime::Failure;
///
/// async fn place(text: &str) -> Result<(), Failure> {
///     let cents: u64 = text.parse().map_err(Failure::reject)?; // will never parse: do not try again
///     std::fs::read("/nowhere")?;                              // may pass: try again
///     Ok(drop(cents))
/// }
/// ```
pub struct Failure {
    kind: Kind,
    is_shared: bool,
    error: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Retry {
        after: Option<Duration>,
    },
    Reject {
        /// Whether the same payload is rejected without a run when it comes again.
        is_remembered: bool,
    },
    /// An argument could not be made: the same record gives the same answer.
    Extract {
        /// As above.
        is_remembered: bool,
    },
    /// The message asks for nothing, such as the test event of S3 notifications.
    NothingToDo,
}

impl Failure {
    /// It may pass: the message comes back.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::new(Kind::Retry { after: None }, error)
    }

    fn new(kind: Kind, error: impl Into<BoxError>) -> Self {
        Self { kind, is_shared: false, error: error.into() }
    }

    /// It may pass, but not before that long. Say why with [`because`](Self::because).
    ///
    /// The message stays hidden for that long where the consumer tells its [`Queue`](crate::queue::Queue), at most 12 h from its
    /// receive; else for the queue's own visibility timeout.
    #[must_use]
    pub fn retry_after(delay: Duration) -> Self {
        Self::new(Kind::Retry { after: Some(delay) }, "asked to be tried again later")
    }

    /// It may pass, and is worth a try at once: the message is made visible when its batch is over. Each try spends a receive.
    #[must_use]
    pub fn retry_now() -> Self {
        Self::new(Kind::Retry { after: Some(Duration::ZERO) }, "asked to be tried again at once")
    }

    /// It can never succeed, however often it is tried. Where the handler's version is known, the same payload is then rejected
    /// without a run, until another version is deployed; see [`for_now`](Self::for_now).
    pub fn reject(error: impl Into<BoxError>) -> Self {
        Self::new(Kind::Reject { is_remembered: true }, error)
    }

    /// A rejection that depends on more than the message, such as a balance or what is in stock: trying again soon cannot help,
    /// but a redrive next week may, so it is not remembered. Does nothing to a failure that means retry.
    #[must_use]
    pub fn for_now(self) -> Self {
        let kind = match self.kind {
            Kind::Reject { .. } => Kind::Reject { is_remembered: false },
            Kind::Extract { .. } => Kind::Extract { is_remembered: false },
            other => other,
        };
        Self { kind, ..self }
    }

    /// A failure whose cause other messages will meet too, such as a service that is down. It changes nothing for this message, but a
    /// consumer may then hold back: [`FailsWhen`](crate::run::FailsWhen).
    #[must_use]
    pub fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    /// The same with another error.
    #[must_use]
    pub fn because(self, error: impl Into<BoxError>) -> Self {
        Self { error: error.into(), ..self }
    }

    pub(crate) fn extract(error: impl Into<BoxError>) -> Self {
        Self::new(Kind::Extract { is_remembered: true }, error)
    }

    pub(crate) fn nothing_to_do(error: impl Into<BoxError>) -> Self {
        Self::new(Kind::NothingToDo, error)
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self.kind, Kind::Retry { .. })
    }

    /// Whether it can never succeed, by the handler's word or because an argument could not be made.
    #[must_use]
    pub fn is_reject(&self) -> bool {
        matches!(self.kind, Kind::Reject { .. } | Kind::Extract { .. })
    }

    /// How long to wait before the next attempt, where the handler said so.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        match self.kind {
            Kind::Retry { after } => after,
            _ => None,
        }
    }

    /// The error behind it.
    #[must_use]
    pub fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }

    pub(crate) fn is_nothing_to_do(&self) -> bool {
        self.kind == Kind::NothingToDo
    }

    /// The outcome of a record whose handler, or a layer around it, ended in this failure.
    pub(crate) fn outcome(&self) -> Outcome {
        let text = chain(&*self.error);
        match self.kind {
            Kind::Retry { after } => {
                let reason = Reason::with_text(ReasonClass::Handler, &text).retry_after(after);
                Outcome::Retry(reason.shared(self.is_shared))
            }
            Kind::Reject { is_remembered } => {
                Outcome::Rejected(Reason::with_text(ReasonClass::Handler, &text).remembered(is_remembered))
            }
            // Rejections keep the parser's own words as their cause, which may quote the payload.
            Kind::Extract { is_remembered } => {
                let is_too_large = self.error.is::<TooLarge>();
                let class = if is_too_large { ReasonClass::TooLarge } else { ReasonClass::Extract };
                Outcome::Rejected(Reason::with_text(class, &self.error.to_string()).remembered(is_remembered))
            }
            Kind::NothingToDo => Outcome::Done,
        }
    }

    /// As an error that a tower layer can return: a layer of one's own rejects with `Failure::reject(..).into_error()`.
    #[must_use]
    pub fn into_error(self) -> BoxError {
        Box::new(InLayers(self))
    }

    /// The error behind it, by itself.
    pub(crate) fn into_cause(self) -> BoxError {
        self.error
    }

    /// The failure behind an error that a layer got from the service within; `None` where it is an error of another layer,
    /// which means retry.
    #[must_use]
    pub fn behind(error: &BoxError) -> Option<&Self> {
        error.downcast_ref::<InLayers>().map(|failure| &failure.0)
    }

    /// What comes out of the layers around the handler: its own failure, also where a layer wrapped it, or an error of a
    /// layer.
    pub(crate) fn from_layers(error: BoxError) -> Self {
        let error = match error.downcast::<InLayers>() {
            Ok(failure) => return failure.0,
            Err(error) => error,
        };
        if is_rejection(&*error) {
            return Self::extract(error);
        }
        let (kind, is_shared) = in_chain(&*error).unwrap_or((Kind::Retry { after: None }, false));
        Self { kind, is_shared, error }
    }
}

/// An error and its causes, in one line. A cause that its error quotes already is not said twice.
fn chain(error: &(dyn StdError + 'static)) -> String {
    /// How many causes are told.
    const MAX_CAUSES: usize = 4;
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

/// The kind of the failure that a layer's error wraps and whether it is shared, as far as its sources tell.
fn in_chain(error: &(dyn StdError + 'static)) -> Option<(Kind, bool)> {
    /// How deep a chain of sources is followed.
    const MAX_DEPTH: usize = 16;
    let mut next = Some(error);
    for _ in 0..MAX_DEPTH {
        let error = next?;
        if let Some(failure) = error.downcast_ref::<InLayers>() {
            return Some((failure.0.kind, failure.0.is_shared));
        }
        next = error.source();
    }
    None
}

/// `Failure` is no `Error` itself, so that every error can become one; this is, for the layers.
#[derive(Debug)]
struct InLayers(Failure);

impl fmt::Display for InLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for InLayers {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0.error)
    }
}

impl<E: Into<BoxError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::from_layers(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("kind", &self.kind).field("error", &self.error).finish()
    }
}
