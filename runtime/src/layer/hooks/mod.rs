//! Functions that are told how handlers end.

mod future;
mod told;

pub use self::future::HookedFuture;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use tower::{BoxError, Layer, Service};

use self::told::Told;
use super::CatchPanic;
use crate::{
    batch::Record,
    handler::{Delivery, Failure, Handled},
};

type OnSuccess = Arc<dyn Fn(&Record) + Send + Sync>;
type OnFailure = Arc<dyn Fn(&Record, &Failure) + Send + Sync>;

/// Tells functions of yours how the handler of a message ended: for counters, traces, a word to somebody.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// use sqs_runtime::{Consumer, layer::Hooks};
///
/// async fn place() {}
///
/// let placed = Arc::new(AtomicUsize::new(0));
/// let counted = Arc::clone(&placed);
/// let hooks = Hooks::new()
///     .on_success(move |_record| drop(counted.fetch_add(1, Ordering::Relaxed)))
///     .on_failure(|record, failure| eprintln!("{} failed: {failure}", record.message_id()));
/// let consumer: Consumer = Consumer::new(place).layer(hooks);
/// ```
///
/// **Success here means that the handler succeeded, not that this was recorded**: hooks run inside the claim. If the completion is
/// lost afterwards, the message is reported as failed, comes back, and its next success is told again. What became of a message in
/// the end is in the [`Report`](crate::run::Report).
///
/// A failure is what the handler, an extractor or a layer further in returned, or its panic. It is told before layers
/// further out see it, so inside of one that tries again each run is told, outside of it only the last.
///
/// Not told are messages that never came here, being done already, malformed, or held by another attempt; runs that are dropped, as
/// at the deadline; and those that asked for nothing, such as S3's test event.
///
/// Hooks run on the message's task and hold it up: keep them short, and block nothing. A hook that panics is noted in the log and
/// changes no outcome.
#[derive(Clone, Default)]
#[must_use]
pub struct Hooks {
    on_success: Option<OnSuccess>,
    on_failure: Option<OnFailure>,
}

impl Hooks {
    /// No hook yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Is told of each success of the handler. One function; another layer takes another one.
    pub fn on_success(self, hook: impl Fn(&Record) + Send + Sync + 'static) -> Self {
        Self { on_success: Some(Arc::new(hook)), ..self }
    }

    /// Is told of each failure, retries and rejections. One function; another layer takes another one.
    pub fn on_failure(self, hook: impl Fn(&Record, &Failure) + Send + Sync + 'static) -> Self {
        Self { on_failure: Some(Arc::new(hook)), ..self }
    }
}

impl<S> Layer<S> for Hooks {
    type Service = Hooked<S>;

    fn layer(&self, inner: S) -> Hooked<S> {
        Hooked { inner: CatchPanic::new(inner), hooks: self.clone() }
    }
}

/// A service whose ends are told to [`Hooks`].
#[derive(Clone, Debug)]
pub struct Hooked<S> {
    inner: CatchPanic<S>,
    hooks: Hooks,
}

impl<S> Service<Delivery> for Hooked<S>
where
    S: Service<Delivery, Response = Handled>,
    S::Error: Into<BoxError>,
{
    type Response = Handled;
    type Error = BoxError;
    type Future = HookedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let told = Told { record: delivery.record().clone(), hooks: self.hooks.clone() };
        HookedFuture::new(self.inner.call(delivery), told)
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let are_set = (self.on_success.is_some(), self.on_failure.is_some());
        f.debug_struct("Hooks").field("on_success", &are_set.0).field("on_failure", &are_set.1).finish()
    }
}
