//! How queues and messages are called.

/// The message id of a queue's message.
pub(in crate::testkit) fn message_id(queue: usize, number: u64) -> String {
    format!("{queue:08x}-0000-4000-8000-{number:012x}")
}

/// The Amazon Resource Name of the queue of that name.
pub(in crate::testkit) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:123456789012:{name}")
}

/// The number of the message that has this id.
pub(in crate::testkit) fn number(message_id: &str) -> Option<u64> {
    u64::from_str_radix(message_id.rsplit('-').next()?, 16).ok()
}

/// Which queue's message has this id.
pub(in crate::testkit) fn queue_of(message_id: &str) -> Option<usize> {
    usize::from_str_radix(message_id.split('-').next()?, 16).ok()
}
