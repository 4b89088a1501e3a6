//! A process under test, and what its queue was told.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::Arc;

use sqs_runtime::{
    Idempotency,
    queue::Queue,
    testkit::{ManualClock, QueueCall, RecordingQueue, event::Message, harness::Harness},
};
use webhooks::{Courier, Subscribers, consumer};

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:webhooks-dead";

/// A process with these subscribers, and what its queue was told.
pub(crate) fn process(subscribers: &str) -> (Harness, Arc<RecordingQueue>) {
    let (clock, told) = (ManualClock::new(), Arc::new(RecordingQueue::new()));
    let courier = Courier::new(Subscribers::parse(subscribers).expect("a setting")).expect("a client");
    let queue = Queue::new(Arc::clone(&told)).dead_letter_queue(DEAD);
    // As on Lambda, where a rejection may be remembered.
    let idempotency = Idempotency::memory().handler_version("1");
    let consumer = consumer(idempotency, courier.clock(clock.clone())).queue(queue);
    (Harness::on_clock(consumer, clock), told)
}

pub(crate) fn message(id: &str) -> Message {
    Message::text(format!(r#"{{"eventId":"{id}","subscriber":"crm","payload":{{"of": 1.50}}}}"#)).id(id)
}

/// For how many seconds each message was hidden.
pub(crate) fn seconds(calls: &[QueueCall]) -> Vec<u64> {
    let of = |call: &QueueCall| match call {
        QueueCall::ChangeVisibility { timeout, .. } => timeout.as_secs(),
        other => panic!("{other:?}"),
    };
    calls.iter().map(of).collect()
}
