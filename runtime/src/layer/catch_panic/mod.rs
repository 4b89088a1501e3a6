//! A panic becomes an error of its own message.

mod error;
mod future;

pub use self::{error::Panicked, future::CatchPanicFuture};

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use tower::{BoxError, Layer, Service};

/// Makes [`CatchPanic`] services.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct CatchPanicLayer {}

impl CatchPanicLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> CatchPanic<S> {
        CatchPanic::new(inner)
    }
}

/// Turns a panic of the service within into [`Panicked`], while it is made ready, while it is called and while its future runs.
///
/// Not caught, because nothing can be: an abort (also `panic = "abort"`), a stack overflow, running out of memory, a panic
/// while unwinding. Tasks that the handler spawned itself panic for themselves.
#[derive(Clone, Debug)]
pub struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    /// Wraps a service.
    #[must_use]
    pub const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, R> Service<R> for CatchPanic<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = CatchPanicFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match catch_unwind(AssertUnwindSafe(|| self.inner.poll_ready(cx))) {
            Ok(ready) => ready.map_err(Into::into),
            Err(panic) => Poll::Ready(Err(Panicked::new(panic).into())),
        }
    }

    fn call(&mut self, request: R) -> Self::Future {
        // The service is not used again after a panic: each message runs on a clone of its own.
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        CatchPanicFuture::new(called.map_err(Panicked::new))
    }
}
