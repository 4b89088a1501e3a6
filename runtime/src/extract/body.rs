//! The body as text.

use std::{convert::Infallible, fmt, ops::Deref};

use super::FromDelivery;
use crate::{batch::Record, handler::Delivery};

/// The message text as it came, not copied: it stays in its record. As it came means that a pointer of the extended client library is
/// handed on as well, and that what is compressed is: [`Offloaded`](super::Offloaded) and `Gzip` (feature `gzip`) read those.
///
/// ```
/// use sqs_runtime::{Consumer, extract::Body};
///
/// async fn shout(body: Body) {
///     println!("{}", body.to_uppercase());
/// }
/// let consumer: Consumer = Consumer::new(shout);
/// ```
#[derive(Clone)]
pub struct Body(pub Record);

impl Body {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.body()
    }
}

impl Deref for Body {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes, redacted)", self.len())
    }
}

impl<S: Sync> FromDelivery<S> for Body {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(delivery.record().clone()))
    }
}
