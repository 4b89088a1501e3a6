//! Events to deliver, made by hand or recorded.
//!
//! ```
//! use sqs_runtime::testkit::event::{Event, Message};
//!
//! let event = Event::standard("orders")
//!     .message(Message::json(&serde_json::json!({"orderId": "A-1"}))?.attribute("tenant", "t1"))
//!     .message(Message::text("no JSON").id("m-2").receive_count(3));
//!
//! let batch = event.to_batch();
//! assert_eq!(batch.message_id(0), Some("00000000-0000-4000-8000-000000000001"));
//! assert_eq!(batch.record(0)?.message_attribute("tenant").and_then(|tenant| tenant.as_str()), Some("t1"));
//! assert_eq!(batch.record(1)?.receive_count(), Some(3));
//! assert_eq!(event.redelivered().to_batch().record(1)?.receive_count(), Some(4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attribute;
mod digest;
mod envelope;
mod file;
mod message;
mod received;
mod record;

use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::{attribute::AttributeValue, file::EventFileError, message::Message};
use crate::batch::{Batch, EventError};

/// The account of AWS's documentation.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

/// An event as Lambda's event source mapping sends it, one record for each message.
///
/// What is not said has the same value in every run: ids count from `00000000-0000-4000-8000-000000000001`, times lie around the
/// start of [`ManualClock`](super::ManualClock), account and region are those of AWS's documentation.
#[derive(Clone, Debug)]
#[must_use]
pub struct Event {
    queue_arn: String,
    /// One JSON value for each record; of a recorded event byte for byte as they stand there.
    records: Vec<Box<str>>,
}

impl Event {
    /// An event of the standard queue of that name, without messages so far.
    pub fn standard(queue: &str) -> Self {
        Self { queue_arn: arn("sqs", queue), records: Vec::new() }
    }

    /// An event of the FIFO queue of that name, without messages so far; `.fifo` is added to a name that lacks it.
    pub fn fifo(queue: &str) -> Self {
        let name = queue.strip_suffix(".fifo").unwrap_or(queue);
        Self::standard(&format!("{name}.fifo"))
    }

    /// A recorded event. Its records stay as they are, mistakes included.
    ///
    /// # Errors
    ///
    /// If the text is no SQS event.
    pub fn from_json(json: &str) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        struct Records<'a> {
            #[serde(borrow, rename = "Records")]
            records: Vec<&'a RawValue>,
        }

        let batch = Batch::from_json(json)?;
        let queue_arn = (0..batch.len()).find_map(|index| batch.queue_arn(index)).map(|arn| arn.as_str().to_owned());
        let Records { records } = serde_json::from_str(json)?;
        let records = records.into_iter().map(|record| record.get().into()).collect();
        Ok(Self { queue_arn: queue_arn.unwrap_or_else(|| arn("sqs", "orders")), records })
    }

    /// Adds a message behind the others.
    pub fn message(mut self, message: Message) -> Self {
        let nth = self.records.len().saturating_add(1);
        self.records.push(record::of(&message, nth, &self.queue_arn).to_string().into());
        self
    }

    /// Adds these messages behind the others.
    pub fn messages(self, messages: impl IntoIterator<Item = Message>) -> Self {
        messages.into_iter().fold(self, Self::message)
    }

    /// The event as SQS would deliver it again: every receive count raised by one, every receipt handle a new one.
    pub fn redelivered(&self) -> Self {
        let again = self.to_batch().redelivered().and_then(|batch| Self::from_json(batch.json()));
        Self { queue_arn: self.queue_arn.clone(), ..again.unwrap_or_else(|error| no_event(&error)) }
    }

    /// The records at whose places there is a yes.
    pub(super) fn of_records(self, kept: &[bool]) -> Self {
        let records = self.records.into_iter().zip(kept).filter(|(_, is_kept)| **is_kept).map(|(record, _)| record);
        Self { records: records.collect(), queue_arn: self.queue_arn }
    }

    /// The ARN of the queue.
    #[must_use]
    pub fn queue_arn(&self) -> &str {
        &self.queue_arn
    }

    /// The event's JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        format!(r#"{{"Records":[{}]}}"#, self.records.join(","))
    }

    /// The event as a batch.
    #[must_use]
    pub fn to_batch(&self) -> Batch {
        Batch::from_json(self.to_json()).unwrap_or_else(|error| no_event(&error))
    }
}

/// Records are made here or were read before, so that together they are an event.
#[expect(clippy::panic, reason = "a mistake of the test kit stops the test")]
fn no_event(error: &EventError) -> ! {
    panic!("the test kit made an event that is none: {error}")
}

fn arn(service: &str, name: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{name}")
}
