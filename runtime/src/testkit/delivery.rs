//! Deliveries for tests of extractors and layers alone.

use std::{sync::Arc, time::Duration};

use crate::{
    batch::Record,
    clock::SystemClock,
    handler::{Delivery, Invocation},
};

/// A delivery of that record, as an extractor or a layer gets it; without a claim.
///
/// ```
/// use sqs_runtime::{batch::Batch, extract::{FromDelivery, MessageId}, testkit};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let batch = Batch::from_json(r#"{"Records":[{"messageId":"m-1","body":"x"}]}"#)?;
/// let delivery = testkit::delivery(batch.record(0)?, None);
/// let Ok(MessageId(id)) = MessageId::from_delivery(&delivery, &()).await;
/// assert_eq!(id, "m-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn delivery(record: Record, time_left: Option<Duration>) -> Delivery {
    let invocation = Invocation::new(Arc::new(SystemClock::new()), time_left);
    Delivery::new(record, invocation, None, Arc::default())
}
