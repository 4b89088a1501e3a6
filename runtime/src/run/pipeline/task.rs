//! The task of one record: from its delivery to what it says at its end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::{
    FutureExt,
    future::{AbortRegistration, Abortable},
};
use tokio::sync::mpsc::UnboundedSender;
use tower::{BoxError, ServiceExt};
use tracing::Instrument;

use crate::{
    handler::{Delivery, Failure, Handled, MessageService},
    layer::{CatchPanic, Panicked},
    outcome::{Outcome, Reason, ReasonClass},
    trace::spans,
};

/// What a task says when it ends.
pub(super) struct Ended {
    pub(super) index: usize,
    pub(super) how: How,
}

/// How a task ended.
pub(super) enum How {
    /// The layers and the handler in them came to a result.
    Returned { outcome: Outcome, handled: Handled, nothing_to_do: bool },
    /// It was told to stop, or the runtime dropped it.
    Dropped,
}

impl How {
    pub(super) fn panicked(panicked: &Panicked) -> Self {
        let reason = Reason::with_text(ReasonClass::Panic, &panicked.to_string());
        Self::failed(Outcome::Retry(reason))
    }

    fn failed(outcome: Outcome) -> Self {
        Self::Returned { outcome, handled: Handled::default(), nothing_to_do: false }
    }

    /// What a result means. The error is the user's: its text and its end may panic too, so both happen in here.
    fn of(result: Result<Handled, BoxError>) -> Self {
        let error = match result {
            Ok(handled) => return Self::Returned { outcome: Outcome::Done, handled, nothing_to_do: false },
            Err(error) => error,
        };
        let how = catch_unwind(AssertUnwindSafe(|| {
            if let Some(panicked) = error.downcast_ref() {
                return Self::panicked(panicked);
            }
            let failure = Failure::from_layers(error);
            let (outcome, nothing_to_do) = (failure.outcome(), failure.is_nothing_to_do());
            Self::Returned { outcome, handled: Handled::default(), nothing_to_do }
        }));
        how.unwrap_or_else(|panic| Self::panicked(&Panicked::new(panic)))
    }
}

/// Says how a task ended, exactly once, also if the task is dropped or one of our own layers panics.
pub(super) struct Teller {
    index: usize,
    told: UnboundedSender<Ended>,
    how: Option<How>,
}

impl Teller {
    pub(super) fn new(index: usize, told: UnboundedSender<Ended>) -> Self {
        Self { index, told, how: None }
    }

    pub(super) fn tell(mut self, how: Option<How>) {
        self.how = how;
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let how = self.how.take().unwrap_or(How::Dropped);
        // Nobody listens any more once the batch was answered.
        let _ = self.told.send(Ended { index: self.index, how });
    }
}

/// The task of one message.
pub(super) struct Task {
    pub(super) service: MessageService,
    pub(super) delivery: Delivery,
    pub(super) stop: AbortRegistration,
    pub(super) teller: Teller,
}

impl Task {
    /// Runs the message and tells how it ended, after its handler's future is gone.
    pub(super) fn run(self) -> impl Future<Output = ()> + Send + 'static {
        let Self { service, delivery, stop, teller } = self;
        let span = spans::message(delivery.record());
        let message = Abortable::new(CatchPanic::new(service).oneshot(delivery), stop);
        // `map` drops the message's future before it calls this.
        let ended = move |ended: Result<_, _>| {
            let how = ended.ok().map(How::of);
            #[cfg(feature = "otel")]
            if let Some(How::Returned { outcome, .. }) = &how {
                crate::trace::ended(&tracing::Span::current(), outcome);
            }
            teller.tell(how);
        };
        message.map(ended).instrument(span)
    }
}
