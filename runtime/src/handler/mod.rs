//! Stage 4, the user's function: what may be a [`Handler`], and what it may return.
#![doc = include_str!("../../docs/handlers.md")]

mod delivery;
mod failure;
mod into_handled;
mod invocation;
mod service;

#[cfg(any(feature = "lambda", feature = "testkit"))]
pub(crate) use self::invocation::Host;
pub use self::{
    delivery::Delivery,
    failure::Failure,
    into_handled::{Handled, IntoHandled},
    invocation::Invocation,
    service::MessageService,
};
pub(crate) use self::{delivery::Progress, service::message_service};

use crate::extract::FromDelivery;

/// An async function for one message.
///
/// You should not need to name this trait: it is implemented for every function that
///
/// - is `async` and returns `()` or `Result<T, E>`, where `T: serde::Serialize` and `E: Into<Failure>` (every
///   `std::error::Error`, boxed ones, `anyhow::Error` and strings are),
/// - takes 0 to 8 arguments, each of which implements [`FromDelivery`],
/// - is `Clone + Send + Sync + 'static`, as every function item is, and closures are whose captures are,
/// - returns a future that is `Send`.
///
/// `T` is the tuple of the argument types; `S` is the state that [`Consumer::state`](crate::Consumer::state) gives.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for one message",
    label = "not a handler",
    note = "a handler is an `async fn` of 0 to 8 arguments; each is a type of `sqs_runtime::extract` (`Json<T>` with `T: serde::de::DeserializeOwned`, `Body`, `State<S>`, ..), `Record`, `Invocation`, `IdempotencyKey`, or implements `FromDelivery`",
    note = "it returns `()` or `Result<T, E>` with `T: serde::Serialize` and `E: Into<sqs_runtime::Failure>`",
    note = "`State<T>` needs `T: Clone` and `.state(T)` on the consumer, or a `FromRef` from the state that is there",
    note = "its future must be `Send`: no `Rc` and no lock guard held across an `.await`"
)]
pub trait Handler<T, S>: Clone + Send + Sync + 'static {
    /// Makes the arguments from the delivery and runs the function.
    fn call(self, delivery: Delivery, state: &S) -> impl Future<Output = Result<Handled, Failure>> + Send;
}

macro_rules! handlers {
    ($(($($argument:ident),*))*) => {$(
        #[allow(non_snake_case, unused_variables, reason = "one pattern for all arities")]
        impl<F, Fut, R, S, $($argument,)*> Handler<($($argument,)*), S> for F
        where
            F: FnOnce($($argument),*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = R> + Send,
            R: IntoHandled,
            S: Sync,
            $($argument: FromDelivery<S> + Send,)*
        {
            async fn call(self, delivery: Delivery, state: &S) -> Result<Handled, Failure> {
                $(let $argument = $argument::from_delivery(&delivery, state).await.map_err(Into::into)?;)*
                let Some(running) = delivery.progress().start() else {
                    return Err(Failure::retry("told to stop before it started"));
                };
                let returned = self($($argument),*).await;
                running.finish();
                let handled = returned.into_handled(delivery.result_limit())?;
                Ok(Handled { writes: delivery.into_writes(), ..handled })
            }
        }
    )*};
}

handlers! {
    ()
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, G)
    (A, B, C, D, E, G, H)
    (A, B, C, D, E, G, H, I)
}
