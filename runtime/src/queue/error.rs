//! Why SQS refused something.

use std::fmt;

use tower::BoxError;

/// Why SQS refused a call, or one entry of it.
pub struct QueueError {
    kind: Kind,
    error: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Failed,
    Lost,
    Denied,
}

impl QueueError {
    /// An error after which trying again may help.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self { kind: Kind::Failed, error: error.into() }
    }

    /// The receipt handle is no longer valid: the message is visible to others, or gone.
    pub fn lost(error: impl Into<BoxError>) -> Self {
        Self { kind: Kind::Lost, error: error.into() }
    }

    /// The role may not do that, or there is no such queue: trying again cannot help before somebody changes the deployment.
    pub fn denied(error: impl Into<BoxError>) -> Self {
        Self { kind: Kind::Denied, error: error.into() }
    }

    /// Whether the receipt handle is no longer valid.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.kind == Kind::Lost
    }

    /// Whether only a change of the deployment can help.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.kind == Kind::Denied
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueError").field("kind", &self.kind).field("error", &self.error).finish()
    }
}

impl std::error::Error for QueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.error)
    }
}
