//! Messages that came through an SNS topic.

use std::borrow::Cow;

use serde::{Deserialize, de::DeserializeOwned};

use super::{EnvelopeRejection, FromDelivery, json::decode};
use crate::handler::Delivery;

const EXPECTED: &str = "SNS notification";

/// A payload that was published to an SNS topic.
///
/// With raw message delivery on, the body is the payload itself: then [`topic_arn`](Self::topic_arn) and
/// [`message_id`](Self::message_id) are `None`, and the topic's attributes are the record's message attributes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sns<T> {
    /// The payload, decoded from JSON.
    pub message: T,
    /// The topic; `None` with raw message delivery.
    pub topic_arn: Option<String>,
    /// The id that SNS gave the publication, the same for every subscriber; `None` with raw message delivery.
    pub message_id: Option<String>,
    /// The subject, where the publisher set one.
    pub subject: Option<String>,
}

impl<T> Sns<T> {
    /// A payload as raw message delivery brings it; for tests of a function alone.
    pub fn new(message: T) -> Self {
        Self { message, topic_arn: None, message_id: None, subject: None }
    }
}

/// What SNS wraps around a payload. Keys are taken from what it holds by the same reading: were one of them to see an envelope where
/// the other sees a payload, two payloads could pass for one message.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Notification<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    message_id: String,
    topic_arn: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl<'a> Notification<'a> {
    /// The envelope; an error with raw message delivery.
    fn read(body: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(body)
    }

    /// Whether it has a payload: subscription confirmations and the like have none.
    fn is_notification(&self) -> bool {
        self.r#type == "Notification"
    }

    /// The text of the payload, where the body is the envelope of one.
    pub(crate) fn payload(body: &'a str) -> Option<Cow<'a, str>> {
        Self::read(body).ok().filter(Self::is_notification).map(|notification| notification.message)
    }
}

impl<S: Sync, T: DeserializeOwned> FromDelivery<S> for Sns<T> {
    type Rejection = EnvelopeRejection;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, EnvelopeRejection> {
        let body = delivery.record().body();
        match Notification::read(body) {
            Ok(notification) if notification.is_notification() => Ok(Self {
                message: inner(&notification.message)?,
                topic_arn: Some(notification.topic_arn),
                message_id: Some(notification.message_id),
                subject: notification.subject,
            }),
            Ok(_) => Err(EnvelopeRejection { expected: EXPECTED, inner: None }),
            Err(_) => Ok(Self { message: inner(body)?, topic_arn: None, message_id: None, subject: None }),
        }
    }
}

fn inner<T: DeserializeOwned>(text: &str) -> Result<T, EnvelopeRejection> {
    decode(text).map_err(|inner| EnvelopeRejection { expected: EXPECTED, inner: Some(inner) })
}
