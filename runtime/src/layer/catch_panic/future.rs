//! The future of a service whose panics are caught.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower::BoxError;

use super::Panicked;

pin_project! {
    /// What [`CatchPanic`](super::CatchPanic) returns.
    #[derive(Debug)]
    pub struct CatchPanicFuture<F> {
        #[pin]
        inner: Option<F>,
        panicked: Option<Panicked>,
    }
}

impl<F> CatchPanicFuture<F> {
    pub(super) fn new(called: Result<F, Panicked>) -> Self {
        match called {
            Ok(inner) => Self { inner: Some(inner), panicked: None },
            Err(panicked) => Self { inner: None, panicked: Some(panicked) },
        }
    }
}

impl<F, T, E> Future for CatchPanicFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            // Polled again after its end, as no executor does: still pending for ever rather than a second answer.
            return this.panicked.take().map_or(Poll::Pending, |panicked| Poll::Ready(Err(panicked.into())));
        };
        match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(poll) => poll.map_err(Into::into),
            Err(panic) => Poll::Ready(Err(Panicked::new(panic).into())),
        }
    }
}
