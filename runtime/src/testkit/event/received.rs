//! A message as whoever receives it from SQS gets it.

use serde_json::Value;

use super::{AttributeValue, Message, record};
use crate::{
    batch::{MessageAttribute, MessageAttributeValue},
    queue::ReceivedMessage,
};

impl Message {
    /// The same message as in an event of that queue.
    pub(in crate::testkit) fn to_received(&self, queue_arn: &str) -> ReceivedMessage {
        let record = record::of(self, 1, queue_arn);
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let of = |name: &str| text(name).unwrap_or_default();
        let mut message = ReceivedMessage::new(of("messageId"), of("receiptHandle"), of("body"));
        message.md5_of_body = text("md5OfBody");
        message.md5_of_message_attributes = text("md5OfMessageAttributes");
        let attributes = record.get("attributes").and_then(Value::as_object).into_iter().flatten();
        let value = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        message.attributes = attributes.map(|(name, of)| (name.clone(), value(of))).collect();
        message.message_attributes = self.attributes.iter().map(|(name, of)| (name.clone(), attribute(of))).collect();
        message
    }
}

fn attribute(value: &AttributeValue) -> MessageAttribute {
    let (bytes, data_type) = (value.bytes(), value.data_type());
    let text = || String::from_utf8_lossy(bytes).into();
    let value = match () {
        () if value.is_binary() => MessageAttributeValue::Binary(bytes.into()),
        () if data_type.starts_with("Number") => MessageAttributeValue::Number(text()),
        () => MessageAttributeValue::String(text()),
    };
    MessageAttribute::new(data_type, value)
}
