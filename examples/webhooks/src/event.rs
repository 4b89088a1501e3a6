//! What a message says.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Something that a subscriber is to be told.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Names the event.
    pub event_id: String,
    /// Names the subscriber, not its URL.
    pub subscriber: String,
    /// What is posted: byte for byte as it stands in the message.
    pub payload: Box<RawValue>,
}

impl fmt::Debug for Event {
    /// The payload does not belong into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("event_id", &self.event_id).finish_non_exhaustive()
    }
}
