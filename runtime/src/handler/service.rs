//! The handler as a tower service, so that any layer fits around it.

use std::sync::Arc;

use tower::{BoxError, service_fn, util::BoxCloneService};

use super::{Delivery, Failure, Handled, Handler};

/// The service that runs the handler for one message: what the layers of [`Consumer::layer`](crate::Consumer::layer) wrap.
pub type MessageService = BoxCloneService<Delivery, Handled, BoxError>;

/// A handler and its state as a service: each message runs on a clone of the handler.
pub(crate) fn message_service<H, T, S>(handler: H, state: S) -> MessageService
where
    H: Handler<T, S>,
    S: Send + Sync + 'static,
{
    let state = Arc::new(state);
    BoxCloneService::new(service_fn(move |delivery| {
        let (handler, state) = (handler.clone(), Arc::clone(&state));
        async move { handler.call(delivery, &state).await.map_err(Failure::into_error) }
    }))
}
