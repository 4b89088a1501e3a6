//! What the queue is told about messages that did not succeed.

mod acknowledge;
mod backoff;
mod conformance;
mod fails;
mod heads;
mod learn;
mod lease;
mod letters;
mod refused;
mod sources;
mod sqs;

use std::{sync::Arc, time::Duration};

use sqs_runtime::{
    Consumer, Failure,
    extract::Body,
    queue::Queue,
    testkit::{
        QueueCall, RecordingQueue,
        event::{Event, Message},
    },
};

/// Does what its body says.
async fn obey(body: Body) -> Result<(), Failure> {
    match body.split_once(' ') {
        _ if &*body == "ok" => Ok(()),
        _ if &*body == "reject" => Err(Failure::reject("told to reject")),
        _ if &*body == "now" => Err(Failure::retry_now()),
        Some(("after", seconds)) => Err(Failure::retry_after(Duration::from_secs(seconds.parse()?))),
        _ => Err(Failure::retry("told to fail")),
    }
}

/// A consumer without claims that tells this queue.
fn telling(told: &Arc<RecordingQueue>, set: impl FnOnce(Queue) -> Queue) -> Consumer {
    Consumer::new(obey).without_idempotency().queue(set(Queue::new(Arc::clone(told))))
}

/// The messages that a queue was told to hide, and for how many seconds.
fn hidden(told: &RecordingQueue) -> Vec<(String, u64)> {
    let hidden = |call| match call {
        QueueCall::ChangeVisibility { message_id, timeout } => Some((message_id, timeout.as_secs())),
        _ => None,
    };
    told.calls().into_iter().filter_map(hidden).collect()
}

/// The messages that were copied to the dead-letter queue.
fn copied(told: &RecordingQueue) -> Vec<String> {
    let copied = |call| match call {
        QueueCall::SendToDeadLetter { message_id, .. } => Some(message_id),
        _ => None,
    };
    told.calls().into_iter().filter_map(copied).collect()
}

/// The messages that were deleted.
fn deleted(told: &RecordingQueue) -> Vec<String> {
    let deleted = |call| match call {
        QueueCall::Delete { message_id } => Some(message_id),
        _ => None,
    };
    told.calls().into_iter().filter_map(deleted).collect()
}

/// An event of a standard queue; messages are named by their bodies.
fn orders(bodies: &[&str]) -> Event {
    Event::standard("orders").messages(bodies.iter().map(|body| Message::text(*body).id(*body)))
}
