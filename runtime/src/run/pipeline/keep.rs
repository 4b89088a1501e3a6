//! What a worker asks of a pipeline.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tracing::Instrument;

use super::{Pipeline, isolation::InFlight, kept::Kept};
use crate::{
    batch::{Batch, QueueArn},
    claim::Idempotency,
    queue::{EntryAnswer, QueueAttributes},
    trace::spans,
};

impl Pipeline {
    /// Runs a batch for the worker that keeps it, which is told of everything.
    pub(crate) fn keep(&self, batch: Batch, kept: Kept) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.0);
        let invocation = self.invocation(None);
        Box::pin(async move {
            let span = spans::batch(&batch);
            shared.drive(batch, invocation, Some(kept)).instrument(span).await;
        })
    }

    /// How many messages may run at a time.
    pub(crate) fn concurrency(&self) -> usize {
        self.0.concurrency
    }

    pub(crate) fn permits(&self) -> &Arc<Semaphore> {
        &self.0.permits
    }

    /// The store whose leases have to be renewed, where the mode has leases.
    pub(crate) fn leases(&self) -> Option<Arc<Idempotency>> {
        self.0.idempotency.clone().filter(|idempotency| idempotency.claims_first())
    }

    /// For how long no claim is worth a request, because the store does not answer.
    pub(crate) fn store_is_silent_for(&self) -> Option<Duration> {
        self.0.breaker().pause(self.0.seams.clock.monotonic())
    }

    /// Whether the store did not answer lately, so that one message at a time has to find out whether it does again.
    pub(crate) fn is_store_silent(&self) -> bool {
        self.0.breaker().is_open()
    }

    /// Counts what a receive may bring.
    pub(crate) fn expects(&self) -> InFlight {
        self.0.isolation.counts()
    }

    /// Once no message has to run alone, or that took too long.
    pub(crate) async fn has_company(&self) {
        self.0.isolation.is_over(&self.0.seams.clock).await;
    }

    /// What a queue is set to, so that nobody has to ask.
    pub(crate) fn knows(&self, queue: QueueArn<'_>, attributes: &QueueAttributes) {
        if let Some(known) = &self.0.queue {
            known.known.learn(queue, attributes.clone());
        }
    }

    /// Says what SQS refused of these entries.
    pub(crate) fn say(&self, what: &'static str, answers: &[EntryAnswer]) {
        if let Some(queue) = &self.0.queue {
            queue.say(what, answers);
        }
    }
}
