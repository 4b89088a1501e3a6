//! Entries of batch calls. Their ids are positions: message ids could repeat, and two equal ids reject the whole call.

use aws_sdk_sqs::{
    error::BuildError,
    primitives::Blob,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, MessageAttributeValue,
        MessageSystemAttributeNameForSends, MessageSystemAttributeValue, SendMessageBatchRequestEntry,
    },
};

use crate::{
    batch::{MessageAttribute, Record},
    queue::{DeadLetter, QueueError, VisibilityChange},
};

pub(super) fn visibility(
    place: usize,
    change: &VisibilityChange,
) -> Result<ChangeMessageVisibilityBatchRequestEntry, QueueError> {
    let seconds = i32::try_from(change.timeout.as_secs()).unwrap_or(i32::MAX);
    ChangeMessageVisibilityBatchRequestEntry::builder()
        .id(place.to_string())
        .set_receipt_handle(receipt_handle(&change.record))
        .visibility_timeout(seconds)
        .build()
        .map_err(incomplete)
}

pub(super) fn delete(place: usize, record: &Record) -> Result<DeleteMessageBatchRequestEntry, QueueError> {
    DeleteMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .set_receipt_handle(receipt_handle(record))
        .build()
        .map_err(incomplete)
}

pub(super) fn letter(place: usize, letter: &DeadLetter) -> Result<SendMessageBatchRequestEntry, QueueError> {
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_body(letter.body())
        .set_message_group_id(letter.group().map(Into::into))
        .set_message_deduplication_id(letter.deduplication_id().map(Into::into));
    for (name, attribute) in letter.attributes() {
        entry = entry.message_attributes(name, value(attribute)?);
    }
    if let Some(header) = letter.trace_header() {
        let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header);
        let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
        entry = entry.message_system_attributes(name, value.build().map_err(incomplete)?);
    }
    entry.build().map_err(incomplete)
}

fn value(attribute: &MessageAttribute) -> Result<MessageAttributeValue, QueueError> {
    MessageAttributeValue::builder()
        .data_type(attribute.data_type())
        .set_string_value(attribute.as_str().map(Into::into))
        .set_binary_value(attribute.as_bytes().map(Blob::new))
        .build()
        .map_err(incomplete)
}

fn receipt_handle(record: &Record) -> Option<String> {
    record.receipt_handle().map(Into::into)
}

fn incomplete(error: BuildError) -> QueueError {
    QueueError::new(error)
}
