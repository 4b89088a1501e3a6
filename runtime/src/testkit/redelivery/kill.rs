//! A process that dies where its handlers wait for the n-th time.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tower::{BoxError, Layer, Service};

use crate::handler::{Delivery, Handled, MessageService};

/// Counts the waits of all handlers of a process, and ends it at one of them.
#[derive(Clone)]
pub(super) struct Kill {
    waits: Arc<AtomicUsize>,
    at: usize,
}

impl Kill {
    /// At that wait, counted from 1; never, if it is 0.
    pub(super) fn at(at: usize) -> Self {
        Self { waits: Arc::default(), at }
    }

    /// How often handlers waited.
    pub(super) fn waits(&self) -> usize {
        self.waits.load(SeqCst)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.at > 0 && self.waits() >= self.at
    }
}

impl Layer<MessageService> for Kill {
    type Service = Mortal;

    fn layer(&self, inner: MessageService) -> Mortal {
        Mortal { kill: self.clone(), inner }
    }
}

/// A handler in such a process.
#[derive(Clone)]
pub(super) struct Mortal {
    kill: Kill,
    inner: MessageService,
}

impl Service<Delivery> for Mortal {
    type Response = Handled;
    type Error = BoxError;
    type Future = MortalRun;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> MortalRun {
        MortalRun { kill: self.kill.clone(), run: self.inner.call(delivery) }
    }
}

/// A run of it.
pub(super) struct MortalRun {
    kill: Kill,
    run: BoxFuture<'static, Result<Handled, BoxError>>,
}

impl Future for MortalRun {
    type Output = Result<Handled, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The dead do nothing.
        if self.kill.is_dead() {
            return Poll::Pending;
        }
        let polled = self.run.as_mut().poll(cx);
        if polled.is_pending() {
            self.kill.waits.fetch_add(1, SeqCst);
        }
        polled
    }
}
