//! A body that is JSON.

use serde::de::DeserializeOwned;

use super::{FromDelivery, JsonRejection};
use crate::handler::Delivery;

/// The body, decoded from JSON.
///
/// Decoding is serde_json's: nesting at most 128 levels deep, numbers within `f64` and 64-bit integers, no text behind the
/// value.
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

/// Decodes a text, and recognises what the extended client library leaves in a body when the payload went to S3.
pub(super) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, JsonRejection> {
    serde_json::from_str(text).map_err(|error| JsonRejection::new(error, text))
}
