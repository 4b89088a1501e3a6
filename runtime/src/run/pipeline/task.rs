//! The task of one record.

use futures_util::{
    FutureExt,
    future::{AbortRegistration, Abortable, BoxFuture},
};
use tokio::sync::mpsc::UnboundedSender;
use tower::{BoxError, ServiceExt};

use crate::{
    handler::{Delivery, Handled, MessageService},
    layer::CatchPanic,
};

/// What a task says when it ends.
pub(super) struct Ended {
    pub(super) index: usize,
    pub(super) how: How,
}

/// How a task ended.
pub(super) enum How {
    /// The layers and the handler in them came to a result.
    Returned(Result<Handled, BoxError>),
    /// It was told to stop, or the runtime dropped it.
    Dropped,
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

    fn tell(mut self, how: Option<How>) {
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

/// Runs one message and tells how it ended, after its handler's future is gone.
pub(super) fn run(
    service: MessageService,
    delivery: Delivery,
    stop: AbortRegistration,
    teller: Teller,
) -> BoxFuture<'static, ()> {
    let message = Abortable::new(CatchPanic::new(service).oneshot(delivery), stop);
    // `map` drops the message's future before it calls this.
    Box::pin(message.map(move |ended| teller.tell(ended.ok().map(How::Returned))))
}
