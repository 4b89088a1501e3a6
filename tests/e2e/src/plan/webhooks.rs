//! Events for the subscriber.
//!
//! A payload says what the subscriber shall answer, and to which event: `hook_failstwice_W-1-17`.

use serde_json::json;

use super::{
    End, Kind, MAX_RECEIVES, Planned,
    shuffled::{Deck, dealt},
};
use crate::counter::SUBSCRIBER;

const EVENTS: &Deck = &[
    (Kind::Good, 6),
    (Kind::SentTwice, 2),
    (Kind::Redelivered, 2),
    (Kind::Undecodable, 2),
    (Kind::Rejected, 2),
    (Kind::ForStranger, 1),
    (Kind::FailsTwice, 2),
    (Kind::AsksToWait, 2),
    (Kind::FailsAlways, 1),
    (Kind::Conflict, 1),
];

/// That many messages. The first event is told before anything else, and each conflict stands under its id.
pub(crate) fn events(seed: u64, count: usize) -> Vec<Planned> {
    let first = event(Kind::Redelivered, seed, 0);
    let others = dealt(seed, count.saturating_sub(1), EVENTS, |kind, nth| event(kind, seed, nth));
    std::iter::once(first).chain(others).take(count).collect()
}

fn event(kind: Kind, seed: u64, nth: usize) -> Planned {
    let work = format!("W-{seed}-{nth}");
    let payload =
        json!({"asks": format!("hook_{}_{work}", format!("{kind:?}").to_lowercase()), "nth": nth}).to_string();
    let event_id = if kind == Kind::Conflict { format!("W-{seed}-0") } else { work.clone() };
    let subscriber = if kind == Kind::ForStranger { "stranger" } else { SUBSCRIBER };
    let body = match kind {
        Kind::Undecodable => undecodable(&event_id, nth),
        // By hand: what is posted is the payload byte for byte.
        _ => format!(r#"{{"eventId":"{event_id}","subscriber":"{subscriber}","payload":{payload}}}"#),
    };
    let (runs, end) = fate(kind, nth, payload);
    Planned { kind, body, group: None, work, runs, end }
}

/// The posts that it takes, and what becomes of it.
fn fate(kind: Kind, nth: usize, payload: String) -> (u64, End) {
    let dead = |reason, error| End::Dead { reason, error };
    match kind {
        Kind::AsksToWait => (2, End::Done(payload)),
        Kind::FailsTwice => (3, End::Done(payload)),
        Kind::FailsAlways => (MAX_RECEIVES, End::Moved),
        Kind::Rejected => (1, dead("the handler failed", Some("the subscriber answered 410"))),
        Kind::ForStranger => (0, dead("the handler failed", Some("nobody knows the subscriber"))),
        Kind::Conflict => (0, dead("the key was completed with another payload", None)),
        Kind::Undecodable if nth.is_multiple_of(2) => (0, dead("no idempotency key", None)),
        Kind::Undecodable => (0, dead("an argument could not be extracted", None)),
        _ => (1, End::Done(payload)),
    }
}

/// No JSON, or JSON that lacks a payload.
fn undecodable(event_id: &str, nth: usize) -> String {
    if nth.is_multiple_of(2) {
        format!("{{\"eventId\":\"{event_id}\",")
    } else {
        json!({"eventId": event_id, "subscriber": SUBSCRIBER}).to_string()
    }
}
