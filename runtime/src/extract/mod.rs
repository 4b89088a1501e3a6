//! Stage 3, record -> handler arguments.
//!
//! An argument's type says what the handler wants to see: [`Json<T>`] a decoded body, [`State<S>`] what the program gave,
//! [`ReceiveCount`] a number. Each is a [`FromDelivery`]; what cannot be made is a rejection, one type for each cause, and
//! an outcome of that record alone.

mod attributes;
mod body;
mod event_bridge;
#[cfg(feature = "gzip")]
mod gzip;
mod json;
mod metadata;
mod offloaded;
mod payload;
mod rejection;
mod s3;
mod sns;
mod state;
mod time_left;

#[cfg(feature = "gzip")]
pub(crate) use self::gzip::deflate;
#[cfg(feature = "gzip")]
pub use self::gzip::{Gzip, GzipRejection};
#[cfg(feature = "s3")]
pub use self::offloaded::S3Payloads;
pub use self::{
    attributes::Attributes,
    body::Body,
    event_bridge::EventBridge,
    json::Json,
    metadata::{MessageGroupId, MessageId, ReceiveCount},
    offloaded::{Offloaded, PayloadError, PayloadStore, Payloads, PointerRejection},
    payload::FromPayload,
    rejection::{
        EnvelopeRejection, JsonRejection, MissingGroupId, MissingKey, MissingLease, MissingTransaction, NotUtf8,
        S3Rejection, TooLarge,
    },
    s3::{S3Notification, S3Record},
    sns::Sns,
    state::{FromRef, State},
    time_left::TimeLeft,
};
pub(crate) use self::{offloaded::is_pointer, rejection::is_rejection, sns::Notification};

use std::convert::Infallible;

#[cfg(feature = "dynamodb")]
pub use crate::claim::dynamodb::Transaction;
use crate::{
    batch::Record,
    claim::{FencingToken, Idempotency, IdempotencyKey, Lease},
    handler::{Delivery, Failure, Invocation},
};

/// A type that can be an argument of a handler.
///
/// A rejection that is one of this module's types, or [`Failure::reject`], means that the same record can never give this
/// argument; any other error means that the message comes back.
///
/// ```
/// use sqs_runtime::{Delivery, Failure, extract::FromDelivery};
///
/// /// The tenant, from an attribute that every sender of ours sets.
/// struct Tenant(String);
///
/// impl<S: Sync> FromDelivery<S> for Tenant {
///     type Rejection = Failure;
///
///     async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Failure> {
///         let tenant = delivery.record().message_attribute("tenant").and_then(|attribute| attribute.as_str());
///         tenant.map(|tenant| Self(tenant.to_owned())).ok_or_else(|| Failure::reject("no attribute `tenant`"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    note = "arguments are types of `sqs_runtime::extract`, such as `Json<T>` with `T: serde::de::DeserializeOwned`, or your own `FromDelivery`"
)]
pub trait FromDelivery<S>: Sized {
    /// Why the argument could not be made.
    type Rejection: Into<Failure>;

    /// Makes the argument.
    fn from_delivery(delivery: &Delivery, state: &S) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

impl<S: Sync> FromDelivery<S> for Record {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(delivery.record().clone())
    }
}

impl<S: Sync> FromDelivery<S> for Invocation {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(delivery.invocation().clone())
    }
}

impl<S: Sync> FromDelivery<S> for IdempotencyKey {
    type Rejection = MissingKey;

    /// For calls to others that remember keys, such as a payment provider: the same key at every attempt.
    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, MissingKey> {
        delivery.idempotency_key().cloned().ok_or_else(MissingKey::new)
    }
}

impl<S: Sync> FromDelivery<S> for FencingToken {
    type Rejection = MissingLease;

    /// For resources of one's own that refuse a number lower than one that they have seen.
    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, MissingLease> {
        delivery.lease().map(Lease::fencing_token).ok_or_else(MissingLease::new)
    }
}

impl<S: Sync> FromDelivery<S> for Idempotency {
    type Rejection = MissingKey;

    /// The consumer's own, for [`Idempotency::once`] and [`Idempotency::status`].
    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, MissingKey> {
        let idempotency = delivery.idempotency().ok_or_else(MissingKey::new)?;
        Ok(idempotency.in_invocation(delivery.invocation()))
    }
}

impl<S: Sync, T: FromDelivery<S>> FromDelivery<S> for Option<T> {
    type Rejection = Failure;

    /// `None` where the record can never give the argument. What may pass is still a failure: the message comes back.
    async fn from_delivery(delivery: &Delivery, state: &S) -> Result<Self, Failure> {
        match T::from_delivery(delivery, state).await.map_err(Into::into) {
            Ok(argument) => Ok(Some(argument)),
            Err(failure) if failure.is_reject() => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}
