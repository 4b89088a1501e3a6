//! Single facts about the message.

use std::convert::Infallible;

use super::{FromDelivery, MissingGroupId};
use crate::handler::Delivery;

/// The id that SQS gave the message. A redrive from a dead-letter queue gives the same text a new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub String);

impl<S: Sync> FromDelivery<S> for MessageId {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(delivery.record().message_id().to_owned()))
    }
}

/// How often SQS handed the message out, this time included; `None` where the record does not say. It starts at 1, and
/// counts receives, not runs of the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveCount(pub Option<u32>);

impl<S: Sync> FromDelivery<S> for ReceiveCount {
    type Rejection = Infallible;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self(delivery.record().receive_count()))
    }
}

/// The message group: the unit of order on a FIFO queue, the tenant on a fair queue. `Option<MessageGroupId>` where it may
/// be missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageGroupId(pub String);

impl<S: Sync> FromDelivery<S> for MessageGroupId {
    type Rejection = MissingGroupId;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, MissingGroupId> {
        let group = delivery.record().message_group_id().ok_or_else(MissingGroupId::new)?;
        Ok(Self(group.to_owned()))
    }
}
