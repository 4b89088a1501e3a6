//! The event source mapping: what takes batches from a queue and invokes the function with them.

use std::time::{Duration, SystemTime};

use super::timeline::START;
use crate::testkit::{
    event::{Event, Message},
    queue::Received,
};

/// What a mapping and its function are set to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MappingSettings {
    /// The most messages of a batch; more than 10 need a window of a second, and a standard queue. Default 10.
    pub batch_size: usize,
    /// How long it waits for a batch to fill, 5 minutes at most; a FIFO queue's mapping never waits. What it has received meanwhile is
    /// hidden already. Default not at all.
    pub window: Duration,
    /// How large an event may be, in bytes: a batch is closed before it would be larger. A record counts as its body and its attributes
    /// in JSON, and 700 bytes. Default Lambda's 6 MB.
    pub max_event_bytes: usize,
    /// The most invocations at a time, 2 to 1,000; 0 where queues have no mapping. Default 8.
    pub maximum_concurrency: usize,
    /// The most invocations at a time in the first minute. Default 5, as Lambda begins.
    pub initial_concurrency: usize,
    /// How many more with each further minute. Default 300, as Lambda goes on.
    pub ramp_per_minute: usize,
    /// The most invocations at a time in one process: more than one where a function runs on Lambda Managed Instances. What ends the
    /// process ends all of them, a time-out of one, too. Default 1.
    pub invocations_per_process: usize,
    /// Whether it has `ReportBatchItemFailures`. Default yes.
    pub reports_batch_item_failures: bool,
    /// The function's time-out. Default 30 s.
    pub function_timeout: Duration,
}

impl Default for MappingSettings {
    fn default() -> Self {
        Self {
            batch_size: 10,
            window: Duration::ZERO,
            max_event_bytes: 6_000_000,
            maximum_concurrency: 8,
            initial_concurrency: 5,
            ramp_per_minute: 300,
            invocations_per_process: 1,
            reports_batch_item_failures: true,
            function_timeout: Duration::from_secs(30),
        }
    }
}

impl MappingSettings {
    /// Why AWS refuses such a mapping for such a queue; `None` where it takes it.
    pub(super) fn refusal(&self, is_fifo: bool) -> Option<&'static str> {
        const SECOND: Duration = Duration::from_secs(1);
        match () {
            () if self.maximum_concurrency == 0 => None,
            () if !(2..=1_000).contains(&self.maximum_concurrency) => Some("the maximum concurrency is 2 to 1,000"),
            () if !(1..=10_000).contains(&self.batch_size) => Some("a batch has 1 to 10,000 messages"),
            () if self.batch_size > 10 && is_fifo => Some("a batch of a FIFO queue has at most 10 messages"),
            () if self.batch_size > 10 && self.window < SECOND => {
                Some("a batch of more than 10 messages needs a window of at least a second")
            }
            () if self.window > 300 * SECOND => Some("a window takes at most 5 minutes"),
            () => None,
        }
    }

    /// How many invocations there may be at a time so long after the mapping began.
    pub(super) fn concurrency_at(&self, since: Duration) -> usize {
        let minutes = usize::try_from(since.as_secs() / 60).unwrap_or(usize::MAX);
        let ramped = self.initial_concurrency.saturating_add(self.ramp_per_minute.saturating_mul(minutes));
        ramped.min(self.maximum_concurrency)
    }
}

/// That time of the simulation by the wall.
fn wall(at: Duration) -> SystemTime {
    SystemTime::UNIX_EPOCH + START + at
}

/// A receive as a message of an event.
pub(super) fn message(queue: usize, received: &Received) -> Message {
    received.message(queue, wall)
}

/// The event of these receives.
pub(super) fn event(queue: usize, queue_name: &str, received: &[Received]) -> String {
    let messages = received.iter().map(|received| message(queue, received));
    Event::standard(queue_name).messages(messages).to_json()
}

/// About how many bytes a record takes in an event: its body and its attributes as JSON, and what is around them.
pub(super) fn record_bytes(received: &Received) -> usize {
    const AROUND: usize = 700;
    const AROUND_AN_ATTRIBUTE: usize = 100;
    let json_len = |text: &str| serde_json::to_string(text).map_or(text.len(), |json| json.len());
    let attributes = received.sent.attributes.iter();
    let attributes: usize = attributes.map(|(name, value)| name.len() + value.len() + AROUND_AN_ATTRIBUTE).sum();
    AROUND + json_len(&received.sent.body) + attributes
}
