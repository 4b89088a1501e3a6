//! The event that an event source mapping would have sent for messages that somebody received.
//!
//! Every host makes its batches of the same text, so that nothing behind it can tell which one ran.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::ReceivedMessage;
use crate::batch::{MessageAttribute, MessageAttributeValue, QueueArn};

/// The event that Lambda's event source mapping would have sent for these messages of that queue: what a
/// [`Batch`](crate::batch::Batch) is made of.
///
/// ```
/// use sqs_runtime::{batch::{Batch, QueueArn}, queue::{ReceivedMessage, event_of}};
///
/// let queue = QueueArn::new("arn:aws:sqs:eu-west-1:123456789012:orders");
/// let batch = Batch::from_json(event_of(queue, &[ReceivedMessage::new("m-1", "handle", "an order")]))?;
/// assert_eq!(batch.record(0)?.body(), "an order");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn event_of<'a>(queue: QueueArn<'a>, messages: impl IntoIterator<Item = &'a ReceivedMessage>) -> String {
    let record = |message| Record { message, queue };
    let event = Event { records: messages.into_iter().map(record).collect() };
    // Writing texts into memory cannot fail; an event without records would be refused, and so be seen.
    serde_json::to_string(&event).unwrap_or_default()
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "Records")]
    records: Vec<Record<'a>>,
}

struct Record<'a> {
    message: &'a ReceivedMessage,
    queue: QueueArn<'a>,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("messageId", &message.message_id)?;
        map.serialize_entry("receiptHandle", &message.receipt_handle)?;
        map.serialize_entry("body", &message.body)?;
        map.serialize_entry("attributes", &Attributes(&message.attributes))?;
        map.serialize_entry("messageAttributes", &MessageAttributes(&message.message_attributes))?;
        if let Some(digest) = &message.md5_of_body {
            map.serialize_entry("md5OfBody", digest)?;
        }
        if let Some(digest) = &message.md5_of_message_attributes {
            map.serialize_entry("md5OfMessageAttributes", digest)?;
        }
        map.serialize_entry("eventSource", "aws:sqs")?;
        map.serialize_entry("eventSourceARN", self.queue.as_str())?;
        map.serialize_entry("awsRegion", self.queue.region().unwrap_or_default())?;
        map.end()
    }
}

struct Attributes<'a>(&'a [(String, String)]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

struct MessageAttributes<'a>(&'a [(String, MessageAttribute)]);

impl Serialize for MessageAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, attribute)| (name, OneAttribute(attribute))))
    }
}

struct OneAttribute<'a>(&'a MessageAttribute);

impl Serialize for OneAttribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match self.0.value() {
            MessageAttributeValue::String(text) | MessageAttributeValue::Number(text) => {
                map.serialize_entry("stringValue", text)?;
            }
            MessageAttributeValue::Binary(bytes) => map.serialize_entry("binaryValue", &STANDARD.encode(bytes))?,
        }
        map.serialize_entry("dataType", self.0.data_type())?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;

    #[test]
    fn what_was_received_is_what_a_mapping_would_have_sent() {
        let queue = QueueArn::new("arn:aws:sqs:eu-west-1:123456789012:orders");
        let mut message = ReceivedMessage::new("m-1", "handle-1", "{\"order\":\"\u{e9}\\n\"}");
        message.attributes = vec![("ApproximateReceiveCount".into(), "2".into())];
        message.message_attributes = vec![
            ("kind".into(), MessageAttribute::string("new")),
            ("size".into(), MessageAttribute::number(3)),
            ("bytes".into(), MessageAttribute::new("Binary.x", MessageAttributeValue::Binary([0, 255].into()))),
        ];
        let batch = Batch::from_json(event_of(queue, [&message])).unwrap();
        let record = batch.record(0).unwrap();
        assert_eq!((record.message_id(), record.receipt_handle()), ("m-1", Some("handle-1")));
        assert_eq!((record.body(), record.receive_count()), (message.body.as_str(), Some(2)));
        assert_eq!(record.queue_arn(), Some(queue));
        for (name, attribute) in &message.message_attributes {
            assert!(record.message_attribute(name) == Some(attribute), "{name}");
        }
    }
}
