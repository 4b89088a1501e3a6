//! One message, before it is part of an event.

use std::{collections::BTreeMap, time::SystemTime};

use serde::Serialize;
use serde_json::json;

use super::{
    AttributeValue,
    envelope::{self, Envelope},
};
use crate::{
    Clock,
    testkit::{ManualClock, queue::SentMessage},
};

/// A message to deliver. What is not said about it gets a value that is the same in every run.
#[derive(Clone, Debug)]
#[must_use]
pub struct Message {
    body: String,
    /// From the inside out.
    envelopes: Vec<Envelope>,
    pub(super) id: Option<String>,
    pub(super) receipt_handle: Option<String>,
    pub(super) receive_count: u32,
    pub(super) attributes: BTreeMap<String, AttributeValue>,
    pub(super) group: Option<String>,
    pub(super) deduplication_id: Option<String>,
    pub(super) sent_at: Option<SystemTime>,
    pub(super) first_received_at: Option<SystemTime>,
    pub(super) trace_header: Option<String>,
    /// Its place among all messages of its queue; else that in its event.
    pub(super) sequence: Option<u64>,
}

impl Message {
    /// A message with that text as its body.
    pub fn text(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            envelopes: Vec::new(),
            id: None,
            receipt_handle: None,
            receive_count: 1,
            attributes: BTreeMap::new(),
            group: None,
            deduplication_id: None,
            sent_at: None,
            first_received_at: None,
            trace_header: None,
            sequence: None,
        }
    }

    /// A message whose body is that value as JSON.
    ///
    /// # Errors
    ///
    /// If the value cannot be written as JSON, such as a map whose keys are no texts.
    pub fn json<T: Serialize + ?Sized>(payload: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(payload).map(Self::text)
    }

    /// S3's notification that an object was created. The key is given as it is; S3's URL encoding is done here.
    pub fn s3_notification(bucket: &str, key: &str) -> Self {
        Self::text(envelope::s3_notification(bucket, key).to_string())
    }

    /// What S3 sends when notifications are set up: it names no object.
    pub fn s3_test_event(bucket: &str) -> Self {
        let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2027-01-15T07:59:59.000Z",
            "Bucket": bucket, "RequestId": "EXAMPLE123456789", "HostId": "EXAMPLE"});
        Self::text(event.to_string())
    }

    /// What the extended client library sends in place of a payload that it put into S3.
    pub fn s3_pointer(bucket: &str, key: &str) -> Self {
        let pointer = json!({"s3BucketName": bucket, "s3Key": key});
        Self::text(json!(["software.amazon.payloadoffloading.PayloadS3Pointer", pointer]).to_string())
    }

    /// The message id. Default: `00000000-0000-4000-8000-` and the message's place in its event, counted from 1.
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// The receipt handle. Default: made of the message's id.
    pub fn receipt_handle(self, handle: impl Into<String>) -> Self {
        Self { receipt_handle: Some(handle.into()), ..self }
    }

    /// How often SQS handed the message out, this time included. Default 1.
    pub fn receive_count(self, count: u32) -> Self {
        Self { receive_count: count, ..self }
    }

    /// Adds a message attribute; a name that was there before gets this value.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// The message group. On a FIFO queue every message has one, by default `group`; on a standard queue it makes a fair queue's
    /// tenant of it.
    pub fn group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }

    /// The deduplication id. Default: on a FIFO queue the SHA-256 of the body, as with content-based deduplication.
    pub fn deduplication_id(self, id: impl Into<String>) -> Self {
        Self { deduplication_id: Some(id.into()), ..self }
    }

    /// When the message was sent. Default: a second before it was received for the first time.
    pub fn sent_at(self, time: SystemTime) -> Self {
        Self { sent_at: Some(time), ..self }
    }

    /// When the message was received for the first time. Default: at the start of a [`ManualClock`].
    pub fn first_received_at(self, time: SystemTime) -> Self {
        Self { first_received_at: Some(time), ..self }
    }

    /// The X-Ray trace header.
    pub fn trace_header(self, header: impl Into<String>) -> Self {
        Self { trace_header: Some(header.into()), ..self }
    }

    /// Puts the body into an SNS notification, as a topic does without raw message delivery.
    pub fn in_sns(mut self) -> Self {
        self.envelopes.push(Envelope::Sns);
        self
    }

    /// Puts the body under `detail` of an EventBridge event. A body that is no JSON becomes a string there.
    pub fn in_event_bridge(mut self, source: impl Into<String>, detail_type: impl Into<String>) -> Self {
        self.envelopes.push(Envelope::EventBridge { source: source.into(), detail_type: detail_type.into() });
        self
    }

    /// Compresses the body: base64 of gzip, as [`Gzip`](crate::extract::Gzip) reads it.
    #[cfg(feature = "gzip")]
    pub fn in_gzip(mut self) -> Self {
        self.envelopes.push(Envelope::Gzip);
        self
    }

    /// A message that a queue hands out, as the so-manieth that was sent to it.
    pub(in crate::testkit) fn received(sent: &SentMessage, sequence: u64) -> Self {
        Self {
            attributes: sent.attributes.clone(),
            group: sent.group.clone(),
            deduplication_id: sent.deduplication_id.clone(),
            trace_header: sent.trace_header.clone(),
            sequence: Some(sequence),
            ..Self::text(sent.body.as_str())
        }
    }

    /// The message as its sender sends it.
    pub(in crate::testkit) fn into_sent(self) -> SentMessage {
        let sent_at = self.sent_at.unwrap_or_else(|| ManualClock::new().wall());
        let mut sent = SentMessage::new(self.body(1, sent_at));
        (sent.group, sent.deduplication_id) = (self.group, self.deduplication_id);
        (sent.attributes, sent.trace_header) = (self.attributes, self.trace_header);
        sent
    }

    /// The body as it stands in the event, as its nth message.
    pub(super) fn body(&self, nth: usize, sent_at: SystemTime) -> String {
        let around = |payload: String, envelope: &Envelope| envelope.around(&payload, nth, sent_at);
        self.envelopes.iter().fold(self.body.clone(), around)
    }
}
