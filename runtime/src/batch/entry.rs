//! One record as the parser leaves it: spans for what is there, a fault for what is wrong.

use super::{Field, Problem, text::Span};

/// One element of `Records`. Every span points into the event's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Never the span of an empty string.
    pub(super) message_id: Span,
    pub(super) receipt_handle: Span,
    /// With quotes and escapes: unescaped when the record's task starts.
    pub(super) body: Span,
    /// The JSON object, decoded when the record's task starts.
    pub(super) message_attributes: Span,
    pub(super) md5_of_body: Span,
    pub(super) md5_of_message_attributes: Span,
    pub(super) queue_arn: Span,
    pub(super) attributes: [Span; Attribute::COUNT],
    /// The first mistake found; the record is then reported, not run.
    pub(super) fault: Option<(Field, Problem)>,
}

impl Entry {
    pub(super) const EMPTY: Self = Self {
        message_id: Span::NONE,
        receipt_handle: Span::NONE,
        body: Span::NONE,
        message_attributes: Span::NONE,
        md5_of_body: Span::NONE,
        md5_of_message_attributes: Span::NONE,
        queue_arn: Span::NONE,
        attributes: [Span::NONE; Attribute::COUNT],
        fault: None,
    };

    /// Keeps the first fault: it is the one a reader of the event meets first.
    pub(super) fn fault(&mut self, field: Field, problem: Problem) {
        self.fault.get_or_insert((field, problem));
    }

    pub(super) fn attribute(&self, attribute: Attribute) -> Span {
        self.attributes.get(attribute as usize).copied().unwrap_or(Span::NONE)
    }
}

/// The system attributes that SQS documents for a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    ApproximateReceiveCount,
    SentTimestamp,
    SenderId,
    ApproximateFirstReceiveTimestamp,
    MessageGroupId,
    MessageDeduplicationId,
    SequenceNumber,
    AwsTraceHeader,
    DeadLetterQueueSourceArn,
}

impl Attribute {
    pub(super) const COUNT: usize = 9;

    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ApproximateReceiveCount" => Self::ApproximateReceiveCount,
            "SentTimestamp" => Self::SentTimestamp,
            "SenderId" => Self::SenderId,
            "ApproximateFirstReceiveTimestamp" => Self::ApproximateFirstReceiveTimestamp,
            "MessageGroupId" => Self::MessageGroupId,
            "MessageDeduplicationId" => Self::MessageDeduplicationId,
            "SequenceNumber" => Self::SequenceNumber,
            "AWSTraceHeader" => Self::AwsTraceHeader,
            "DeadLetterQueueSourceArn" => Self::DeadLetterQueueSourceArn,
            _ => return None,
        })
    }
}
