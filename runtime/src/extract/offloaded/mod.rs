//! Payloads that the extended client library put into S3.

mod payloads;
mod pointer;
mod rejection;
#[cfg(feature = "s3")]
mod s3;
mod store;

pub(crate) use self::pointer::is_pointer;
#[cfg(feature = "s3")]
pub use self::s3::S3Payloads;
pub use self::{
    payloads::Payloads,
    rejection::PointerRejection,
    store::{PayloadError, PayloadStore},
};

use std::borrow::Cow;

use self::{pointer::Pointer, rejection::Kind::Broken};
use super::{FromDelivery, FromPayload, FromRef};
use crate::handler::{Delivery, Failure};

/// The payload that the body points to, where the sender's extended client library put it into S3; else the body.
///
/// The state is a [`Payloads`], or gives one by [`FromRef`]. Within stands [`Json<T>`](super::Json), `String`, `Vec<u8>`, `Gzip`
/// (feature `gzip`), or another [`FromPayload`].
///
/// ```
/// use sqs_runtime::{Consumer, extract::{FromRef, Json, Offloaded, PayloadStore, Payloads}};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: String,
/// }
/// #[derive(Clone)]
/// struct App {
///     payloads: Payloads,
/// }
/// impl FromRef<App> for Payloads {
///     fn from_ref(app: &App) -> Self {
///         app.payloads.clone()
///     }
/// }
///
/// async fn place(Offloaded(Json(order)): Offloaded<Json<Order>>) {
///     println!("order {}", order.id);
/// }
/// fn consumer(store: impl PayloadStore) -> Consumer {
///     let payloads = Payloads::new(store, ["order-payloads"]).max_bytes(32 * 1024 * 1024);
///     Consumer::new(place).state(App { payloads })
/// }
/// ```
///
/// Objects are left where they are: whoever else receives the message needs them too. Let a lifecycle rule of the bucket expire
/// them, after the retention of the dead-letter queue. Idempotency keys are taken from the body as it came, the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offloaded<P>(pub P);

impl<S, P> FromDelivery<S> for Offloaded<P>
where
    S: Sync,
    P: FromPayload,
    Payloads: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_delivery(delivery: &Delivery, state: &S) -> Result<Self, Failure> {
        let body = delivery.record().body();
        let payload = match Pointer::read(body) {
            None => Cow::Borrowed(body.as_bytes()),
            Some(Ok(pointer)) => Cow::Owned(Payloads::from_ref(state).fetch(&pointer).await?),
            Some(Err(_)) => return Err(Failure::extract(PointerRejection(Broken))),
        };
        P::from_payload(payload).map(Self).map_err(Into::into)
    }
}
