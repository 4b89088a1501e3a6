//! A body that is JSON.

use serde::de::DeserializeOwned;

use super::{FromDelivery, JsonRejection, offloaded::is_pointer};
use crate::handler::Delivery;

/// The body, decoded from JSON.
///
/// Decoding is serde_json's: nesting at most 128 levels deep, numbers within `f64` and 64-bit integers, no text behind the
/// value. A pointer that the extended client library left in place of its payload is rejected, whatever `T` is:
/// [`Offloaded`](super::Offloaded) reads the payload.
///
/// ```
/// use sqs_runtime::{Consumer, extract::Json};
///
/// #[derive(serde::Deserialize)]
/// struct Greeting {
///     name: String,
/// }
///
/// async fn greet(Json(greeting): Json<Greeting>) {
///     println!("hello {}", greeting.name);
/// }
/// let consumer: Consumer = Consumer::new(greet);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromDelivery<S> for Json<T> {
    type Rejection = JsonRejection;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, JsonRejection> {
        decode(delivery.record().body()).map(Self)
    }
}

/// Decodes a text, unless it is a pointer.
pub(super) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, JsonRejection> {
    not_a_pointer(text.as_bytes())?;
    serde_json::from_str(text).map_err(JsonRejection::new)
}

/// Decodes bytes, unless they are a pointer.
pub(super) fn decode_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonRejection> {
    not_a_pointer(bytes)?;
    serde_json::from_slice(bytes).map_err(JsonRejection::new)
}

/// What the extended client library leaves in a body when the payload went to S3 is a list, JSON of some types, too: none that a handler
/// is written for.
fn not_a_pointer(payload: &[u8]) -> Result<(), JsonRejection> {
    if is_pointer(payload) { Err(JsonRejection::s3_pointer()) } else { Ok(()) }
}
