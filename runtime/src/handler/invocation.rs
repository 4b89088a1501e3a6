//! What surrounds a batch: whose deadline, whose context.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use crate::{clock::SharedClock, run::FailsWhen};

/// The invocation that a batch came with. Cheap to clone.
#[derive(Clone)]
pub struct Invocation {
    parts: Arc<Parts>,
    fails_when: Option<FailsWhen>,
}

struct Parts {
    clock: SharedClock,
    /// On the monotonic clock; `None` where no deadline is known.
    deadline: Option<Duration>,
    host: Host,
}

/// What the host of an invocation says of it.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) request_id: Option<Box<str>>,
    /// The published version of the function; `None` where it is not fixed.
    pub(crate) handler_version: Option<Box<str>>,
    pub(crate) context: Option<Box<dyn Any + Send + Sync>>,
}

impl Invocation {
    pub(crate) fn new(clock: SharedClock, time_left: Option<Duration>) -> Self {
        Self::of_host(clock, time_left, Host::default())
    }

    pub(crate) fn of_host(clock: SharedClock, time_left: Option<Duration>, host: Host) -> Self {
        let deadline = time_left.map(|left| clock.monotonic().saturating_add(left));
        Self { parts: Arc::new(Parts { clock, deadline, host }), fails_when: None }
    }

    /// The same, but it fails as a whole where this says so of what its messages came to. It is asked before the queue is told, so
    /// that what is done can be deleted first.
    #[must_use]
    pub fn fail_when(self, condition: FailsWhen) -> Self {
        Self { fails_when: Some(condition), ..self }
    }

    pub(crate) fn fails_when(&self) -> Option<&FailsWhen> {
        self.fails_when.as_ref()
    }

    /// The time until the deadline, zero once it is past; `None` where no deadline is known.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.parts.deadline.map(|deadline| deadline.saturating_sub(self.parts.clock.monotonic()))
    }

    /// The deadline on the consumer's monotonic clock.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.parts.deadline
    }

    /// The id that Lambda gave the invocation; `None` in other hosts.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.parts.host.request_id.as_deref()
    }

    /// The version of the handler: on Lambda the published version of the function; `None` for `$LATEST` and elsewhere.
    #[must_use]
    pub fn handler_version(&self) -> Option<&str> {
        self.parts.host.handler_version.as_deref()
    }

    /// The host's own context, by its type: `lambda_runtime::Context` on Lambda.
    #[must_use]
    pub fn context<C: Any>(&self) -> Option<&C> {
        self.parts.host.context.as_deref().and_then(|context| (context as &dyn Any).downcast_ref())
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = (&self.parts.host.request_id, self.time_left());
        f.debug_struct("Invocation").field("request_id", &parts.0).field("time_left", &parts.1).finish_non_exhaustive()
    }
}
