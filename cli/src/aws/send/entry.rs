//! Entries of a call, named by their places.

use aws_sdk_sqs::{
    error::BuildError,
    primitives::Blob,
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};
use sqs_runtime::batch::MessageAttribute;

use super::{Letter, Target};

pub(super) fn of(place: usize, letter: &Letter, to: &Target) -> Result<SendMessageBatchRequestEntry, BuildError> {
    let deduplication_id = to.is_fifo().then(|| format!("{}-{place}", to.run));
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_body(letter.body())
        .set_message_group_id(letter.group().map(Into::into))
        .set_message_deduplication_id(deduplication_id);
    for (name, attribute) in letter.attributes() {
        entry = entry.message_attributes(name, value(attribute)?);
    }
    entry.build()
}

fn value(attribute: &MessageAttribute) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder()
        .data_type(attribute.data_type())
        .set_string_value(attribute.as_str().map(Into::into))
        .set_binary_value(attribute.as_bytes().map(Blob::new))
        .build()
}
