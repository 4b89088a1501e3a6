//! What SQS hands to somebody who asks.

use std::fmt;

use crate::batch::MessageAttribute;

/// One message as SQS hands it out.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// Its id.
    pub message_id: String,
    /// Names this receive.
    pub receipt_handle: String,
    /// Its text.
    pub body: String,
    /// The digest of that, in hexadecimal.
    pub md5_of_body: Option<String>,
    /// The digest of the message attributes, in hexadecimal.
    pub md5_of_message_attributes: Option<String>,
    /// System attributes by name, such as `ApproximateReceiveCount`.
    pub attributes: Vec<(String, String)>,
    /// What its sender said of it, by name.
    pub message_attributes: Vec<(String, MessageAttribute)>,
}

impl ReceivedMessage {
    /// A message without attributes.
    pub fn new(message_id: impl Into<String>, receipt_handle: impl Into<String>, body: impl Into<String>) -> Self {
        let (message_id, receipt_handle, body) = (message_id.into(), receipt_handle.into(), body.into());
        Self { message_id, receipt_handle, body, ..Self::default() }
    }
}

impl fmt::Debug for ReceivedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedMessage")
            .field("message_id", &self.message_id)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
