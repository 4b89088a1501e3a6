//! Bodies that were compressed.

mod deflate;
mod inflate;
mod rejection;

pub(crate) use self::deflate::deflate;
pub use self::rejection::GzipRejection;

use std::borrow::Cow;

use self::inflate::{Caps, Uninflated, inflate};
use super::{FromDelivery, FromPayload};
use crate::handler::{Delivery, Failure};

/// A payload in a body that is base64 of gzip: [`Json<T>`](super::Json), `String`, `Vec<u8>`, or another [`FromPayload`].
///
/// ```
/// use sqs_runtime::{Consumer, extract::{Gzip, Json}};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: String,
/// }
///
/// async fn place(Gzip(Json(order)): Gzip<Json<Order>>) {
///     println!("order {}", order.id);
/// }
/// let consumer: Consumer = Consumer::new(place);
/// ```
///
/// Base64 has the standard alphabet and no line breaks; padding may be missing. Within [`Offloaded`](super::Offloaded) it may also be
/// gzip itself.
///
/// # Caps
///
/// A payload may have `MAX_BYTES` when decompressed, 8 MiB unless the type says otherwise; and from 64 KiB on no more than
/// `MAX_RATIO` times its compressed length, 200 times unless the type says otherwise. What is larger is rejected as
/// [`TooLarge`](super::TooLarge), and was never in memory beyond the cap.
///
/// ```
/// use sqs_runtime::extract::{Gzip, Json};
///
/// /// Up to 64 MiB, and as small as gzip can make it.
/// type Catalogue<T> = Gzip<Json<T>, { 64 * 1024 * 1024 }, 1100>;
/// # async fn load(Gzip(Json(_)): Catalogue<Vec<u64>>) {}
/// # let _: sqs_runtime::Consumer = sqs_runtime::Consumer::new(load);
/// ```
///
/// # Idempotency
///
/// Keys are taken from the body as it came, and [`same_body`](crate::claim::Parts::same_body) compares that: two senders
/// may compress one payload to other bytes. [`inside(Envelope::Gzip)`](crate::claim::Envelope::Gzip) makes the payload count. For a
/// payload that is no text, or has caps of its own, see [`read`](Self::read).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gzip<P, const MAX_BYTES: usize = { 8 * 1024 * 1024 }, const MAX_RATIO: usize = 200>(pub P);

impl<P: FromPayload, const MAX_BYTES: usize, const MAX_RATIO: usize> Gzip<P, MAX_BYTES, MAX_RATIO> {
    /// What the extractor makes of a body; for keys, which are taken before there is a delivery. The payload is then decompressed
    /// twice: for its key, and for its handler.
    ///
    /// ```
    /// use sqs_runtime::{Idempotency, claim::Key, extract::{Gzip, Json}};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Named {
    ///     id: String,
    /// }
    ///
    /// let by_order = Key::by(|record| {
    ///     let Gzip(Json(Named { id })) = Gzip::<Json<Named>>::read(record.body()).ok()?;
    ///     Some(id)
    /// });
    /// let idempotency = Idempotency::memory().key(by_order.key_alone());
    /// ```
    ///
    /// # Errors
    ///
    /// If the body is not base64 of gzip, is too large when decompressed, or the payload is not what the type wants.
    pub fn read(body: &str) -> Result<Self, Failure> {
        Self::from_payload(Cow::Borrowed(body.as_bytes()))
    }
}

impl<P: FromPayload, const MAX_BYTES: usize, const MAX_RATIO: usize> FromPayload for Gzip<P, MAX_BYTES, MAX_RATIO> {
    type Rejection = Failure;

    fn from_payload(payload: Cow<'_, [u8]>) -> Result<Self, Failure> {
        let caps = Caps { bytes: MAX_BYTES, ratio: MAX_RATIO };
        let bytes = inflate(&payload, caps).map_err(|error| match error {
            Uninflated::TooLarge(error) => Failure::extract(error),
            Uninflated::Broken(error) => Failure::extract(error),
        })?;
        P::from_payload(Cow::Owned(bytes)).map(Self).map_err(Into::into)
    }
}

impl<S: Sync, P: FromPayload, const MAX_BYTES: usize, const MAX_RATIO: usize> FromDelivery<S>
    for Gzip<P, MAX_BYTES, MAX_RATIO>
{
    type Rejection = Failure;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Failure> {
        Self::read(delivery.record().body())
    }
}
