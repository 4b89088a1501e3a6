//! The future of a service whose end is told.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower::BoxError;

use super::told::Told;
use crate::{handler::Handled, layer::CatchPanicFuture};

pin_project! {
    /// What [`Hooked`](super::Hooked) returns.
    #[derive(Debug)]
    pub struct HookedFuture<F> {
        #[pin]
        inner: CatchPanicFuture<F>,
        told: Told,
    }
}

impl<F> HookedFuture<F> {
    pub(super) fn new(inner: CatchPanicFuture<F>, told: Told) -> Self {
        Self { inner, told }
    }
}

impl<F, E> Future for HookedFuture<F>
where
    F: Future<Output = Result<Handled, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Handled, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(this.told.of(result))
    }
}
