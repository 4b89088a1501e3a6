//! What a payload can be made into, once its bytes are there.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::{Json, JsonRejection, NotUtf8, json::decode_bytes};
use crate::handler::Failure;

/// A type that can be made from a payload's bytes: what stands within [`Offloaded`](super::Offloaded) and `Gzip`, whose payload is
/// not the body as it came.
///
/// [`Json<T>`], `String` for text and `Vec<u8>` for bytes are there; another format is an implementation of your own. A rejection
/// that is one of this module's types, or [`Failure::reject`], means that the same payload can never give this type; any other
/// error means that the message comes back.
///
/// ```
/// use std::borrow::Cow;
/// use sqs_runtime::{Failure, extract::FromPayload};
///
/// /// One number in each line.
/// struct Numbers(Vec<u64>);
///
/// impl FromPayload for Numbers {
///     type Rejection = Failure;
///
///     fn from_payload(payload: Cow<'_, [u8]>) -> Result<Self, Failure> {
///         let text = String::from_payload(payload)?;
///         let numbers = text.lines().map(str::parse).collect::<Result<_, _>>();
///         numbers.map(Self).map_err(|_| Failure::reject("not a number in each line"))
///     }
/// }
/// assert_eq!(Numbers::from_payload(Cow::Borrowed(b"1\n2\n"))?.0, [1, 2]);
/// # Ok::<(), Failure>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from a payload",
    note = "within `Gzip` and `Offloaded` stand `Json<T>` with `T: serde::de::DeserializeOwned`, `String`, `Vec<u8>`, or your own `FromPayload`"
)]
pub trait FromPayload: Sized {
    /// Why it could not be made.
    type Rejection: Into<Failure>;

    /// Makes it. The bytes are borrowed where they stand in the record, owned where they were fetched or decompressed.
    ///
    /// # Errors
    ///
    /// If the payload is not what the type wants.
    fn from_payload(payload: Cow<'_, [u8]>) -> Result<Self, Self::Rejection>;
}

impl<T: DeserializeOwned> FromPayload for Json<T> {
    type Rejection = JsonRejection;

    fn from_payload(payload: Cow<'_, [u8]>) -> Result<Self, JsonRejection> {
        decode_bytes(&payload).map(Self)
    }
}

impl FromPayload for String {
    type Rejection = NotUtf8;

    fn from_payload(payload: Cow<'_, [u8]>) -> Result<Self, NotUtf8> {
        Self::from_utf8(payload.into_owned()).map_err(|error| NotUtf8 { offset: error.utf8_error().valid_up_to() })
    }
}

impl FromPayload for Vec<u8> {
    type Rejection = std::convert::Infallible;

    fn from_payload(payload: Cow<'_, [u8]>) -> Result<Self, Self::Rejection> {
        Ok(payload.into_owned())
    }
}
