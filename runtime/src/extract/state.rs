//! What the program gives to its handler.

use std::convert::Infallible;

use super::FromDelivery;
use crate::handler::Delivery;

/// The value that [`Consumer::state`](crate::Consumer::state) was given, or a part of it by [`FromRef`].
///
/// Cloned for every message: put clients and pools in it, which are cheap to clone, or an `Arc`.
#[derive(Clone, Copy, Debug, Default)]
pub struct State<S>(pub S);

/// Takes a part out of a consumer's state.
///
/// ```
/// use sqs_runtime::{Consumer, extract::{FromRef, State}};
///
/// #[derive(Clone)]
/// struct Mailer;
/// #[derive(Clone)]
/// struct App {
///     mailer: Mailer,
/// }
/// impl FromRef<App> for Mailer {
///     fn from_ref(app: &App) -> Self {
///         app.mailer.clone()
///     }
/// }
///
/// async fn notify(State(mailer): State<Mailer>) {}
/// let consumer: Consumer = Consumer::new(notify).state(App { mailer: Mailer });
/// ```
pub trait FromRef<S> {
    /// The part.
    fn from_ref(state: &S) -> Self;
}

impl<S: Clone> FromRef<S> for S {
    fn from_ref(state: &S) -> Self {
        state.clone()
    }
}

impl<S: Sync, T: FromRef<S>> FromDelivery<S> for State<T> {
    type Rejection = Infallible;

    async fn from_delivery(_: &Delivery, state: &S) -> Result<Self, Infallible> {
        Ok(Self(T::from_ref(state)))
    }
}
