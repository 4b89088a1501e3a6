//! Events that came through an EventBridge rule.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{EnvelopeRejection, FromDelivery, json::decode};
use crate::handler::Delivery;

const EXPECTED: &str = "EventBridge event";

/// An event that an EventBridge rule put into the queue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EventBridge<T> {
    /// The payload, decoded from the JSON under `detail`.
    pub detail: T,
    /// What kind of event it is (`detail-type`).
    pub detail_type: String,
    /// Who sent it, such as `aws.ec2` or a name of your own.
    pub source: String,
    /// The id that EventBridge gave the event.
    pub id: String,
    /// When it happened, RFC 3339.
    pub time: Option<String>,
    /// The region it happened in.
    pub region: Option<String>,
}

impl<T> EventBridge<T> {
    /// An event without id, time and region; for tests of a function alone.
    pub fn new(source: impl Into<String>, detail_type: impl Into<String>, detail: T) -> Self {
        let (source, detail_type) = (source.into(), detail_type.into());
        Self { detail, detail_type, source, id: String::new(), time: None, region: None }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope<'a> {
    #[serde(borrow)]
    detail: &'a RawValue,
    detail_type: String,
    source: String,
    id: String,
    time: Option<String>,
    region: Option<String>,
}

impl<S: Sync, T: DeserializeOwned> FromDelivery<S> for EventBridge<T> {
    type Rejection = EnvelopeRejection;

    async fn from_delivery(delivery: &Delivery, _: &S) -> Result<Self, EnvelopeRejection> {
        let envelope: Envelope<'_> = serde_json::from_str(delivery.record().body())
            .map_err(|_| EnvelopeRejection { expected: EXPECTED, inner: None })?;
        let detail = decode(envelope.detail.get())
            .map_err(|inner| EnvelopeRejection { expected: EXPECTED, inner: Some(inner) })?;
        let Envelope { detail_type, source, id, time, region, .. } = envelope;
        Ok(Self { detail, detail_type, source, id, time, region })
    }
}
