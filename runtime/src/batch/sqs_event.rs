//! To and from the event type of `aws_lambda_events`.

use aws_lambda_events::event::sqs::SqsEvent;

use super::{Batch, EventError};

impl TryFrom<&SqsEvent> for Batch {
    type Error = EventError;

    /// For code that has an `SqsEvent` already. A batch parsed from the JSON itself is cheaper, and more tolerant.
    fn try_from(event: &SqsEvent) -> Result<Self, EventError> {
        let json = serde_json::to_string(event).map_err(super::event_error::Kind::NotJson)?;
        Self::from_json(json)
    }
}

impl Batch {
    /// The event as the type of `aws_lambda_events`, for code that is written for it.
    ///
    /// # Errors
    ///
    /// If any record does not fit that type: it is strict where a batch is tolerant.
    pub fn to_sqs_event(&self) -> Result<SqsEvent, serde_json::Error> {
        serde_json::from_str(self.0.text.json())
    }
}
