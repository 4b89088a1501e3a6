//! The sender's message attributes.

use std::{convert::Infallible, fmt};

use super::FromDelivery;
use crate::{
    batch::{MessageAttribute, Record},
    handler::Delivery,
};

/// The typed attributes that the sender put beside the body; at most 10.
#[derive(Clone)]
pub struct Attributes(pub Record);

impl Attributes {
    /// The attribute of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&MessageAttribute> {
        self.0.message_attribute(name)
    }

    /// The text of the attribute of that name; `None` where it is absent or binary.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// All of them, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MessageAttribute)> {
        self.0.message_attributes()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl<S: Sync> FromDelivery<S> for Attributes {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(delivery.record().clone()))
    }
}
