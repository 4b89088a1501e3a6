//! Webhooks: each message is a payload for one subscriber, and is posted to its URL.
//!
//! - `event`: what a message says.
//! - `subscribers`: where they are. The message only names one: who can write to the queue must not choose where this program
//!   connects to.
//! - `answer`: what a subscriber's answer means for the message.
//! - `retry_after`: how long the subscriber asks to be left alone.
//! - `post`: the handler, one async function for one message.
//!
//! # What an answer means
//!
//! | answer | the message |
//! | --- | --- |
//! | 2xx | is done |
//! | 429, 503 with `Retry-After` | comes back after that time, in seconds or until a date |
//! | 400, 404, 410 | is rejected: with a dead-letter queue a copy goes there at once |
//! | any other, such as 5xx, 401 or a redirect | comes back, later each time |
//! | none in time | the same |
//! | no connection | the same, and the failure is marked as shared: other messages will meet it too |
//!
//! 401 and 403 are tried again on purpose: somebody will mend the setting, and events should outlive it. Redirects are not followed,
//! for the reason for which the message names no URL.
//!
//! "Later each time" is the queue's backoff: up to 30 s (`SQS_RUNTIME_BACKOFF_SECONDS`) after the first receive, doubled with each further one, an
//! hour at most. It spends receives, and after as many as the redrive policy allows the message is moved to the dead-letter queue.
//! Where *nobody* was reached in a batch, `main` lets the whole invocation fail, so that Lambda slows its polling.
//!
//! # Twice
//!
//! If the process dies after a post and before its record, or the answer is lost, the post is repeated. It carries the same
//! `Idempotency-Key` each time, by which a subscriber can tell. Nothing more can be promised from here.
//!
//! # Run it
//!
//! With anything that listens, such as `python3 -m http.server 9000` (which answers 501 to a post, so that the messages come back):
//!
//! ```text
//! SUBSCRIBERS=crm=http://127.0.0.1:9000/hooks cargo run -p webhooks -- replay tests/fixtures/webhooks.json
//! ```
//!
//! There is no TLS here: a subscriber's URL begins with `http://`. For others, turn on a TLS of `reqwest` (its feature `rustls`).

mod answer;
mod event;
mod post;
mod retry_after;
mod subscribers;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    event::Event,
    post::{Courier, NoClient, post},
    subscribers::{SubscriberError, Subscribers},
};

/// More than that is no event, but a document: it should be sent as a link. A message beyond it is rejected without a run.
pub const BODY_LIMIT: usize = 64 * 1024;

/// The consumer that `main` runs and the tests deliver events to.
#[must_use]
pub fn consumer(idempotency: Idempotency, courier: Courier) -> Consumer {
    Consumer::new(post).state(courier).idempotency(by_event(idempotency)).body_limit(BODY_LIMIT).concurrency(32)
}

/// An event is told to each subscriber once, and is the same event if its payload is.
#[must_use]
pub fn by_event(idempotency: Idempotency) -> Idempotency {
    let key = Key::pointer("/eventId").and(Key::pointer("/subscriber"));
    idempotency.namespace("webhooks").key(key.same_fields(["/payload"]))
}
