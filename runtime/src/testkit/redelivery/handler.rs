//! A handler in a process that can die: each of its waits is a kill point.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use tower::{BoxError, Layer, Service};

use super::{KillPoint, kill::Kill};
use crate::handler::{Delivery, Handled, MessageService};

impl Layer<MessageService> for Kill {
    type Service = MortalHandler;

    fn layer(&self, inner: MessageService) -> MortalHandler {
        MortalHandler { kill: self.clone(), inner }
    }
}

#[derive(Clone)]
pub(super) struct MortalHandler {
    kill: Kill,
    inner: MessageService,
}

impl Service<Delivery> for MortalHandler {
    type Response = Handled;
    type Error = BoxError;
    type Future = MortalRun;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, delivery: Delivery) -> MortalRun {
        let message = delivery.record().display_id().as_ref().into();
        MortalRun { kill: self.kill.clone(), message, waits: 0, run: self.inner.call(delivery) }
    }
}

/// A run of it.
pub(super) struct MortalRun {
    kill: Kill,
    message: Arc<str>,
    waits: usize,
    run: BoxFuture<'static, Result<Handled, BoxError>>,
}

impl MortalRun {
    fn waits(&mut self) {
        self.waits += 1;
        self.kill.pass(KillPoint::in_handler(&self.message, self.waits));
    }

    /// It waits; for what, others may have said more exactly since there were so many points: an effect, a step inside the store.
    fn is_pending(&mut self, before: usize) {
        if self.kill.count() == before {
            self.waits();
        } else {
            self.kill.tries_a_handler();
        }
    }
}

impl Future for MortalRun {
    type Output = Result<Handled, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The dead do nothing.
        if self.kill.is_dead() {
            return Poll::Pending;
        }
        let before = self.kill.count();
        let polled = self.run.as_mut().poll(cx);
        if polled.is_pending() {
            self.is_pending(before);
        }
        if self.kill.is_dead() { Poll::Pending } else { polled }
    }
}
