//! How many come, when, and for how long they stay.

use std::time::Duration;

use futures_util::future::join;

use super::site::{LONG, Site, cleared, receive, records, send, take, take_all, take_one};
use crate::{queue::ReceiveRequest, testkit::SentMessage};

const A_SECOND: Duration = Duration::from_secs(1);

/// No error.
pub async fn nothing_to_receive_is_an_empty_list(site: &impl Site) {
    let messages = take(site, 10, LONG).await;
    if !messages.is_empty() {
        panic!("the queue is not empty: {messages:?}");
    }
}

/// A worker that is told to stop waits for it.
pub async fn a_wait_ends_by_itself(site: &impl Site) {
    let waiting = receive(site, ReceiveRequest::new(10, A_SECOND, LONG));
    let (messages, ()) = join(waiting, async { site.pass(A_SECOND).await }).await;
    if !messages.is_empty() {
        panic!("the queue is not empty: {messages:?}");
    }
}

/// Long polling.
pub async fn what_comes_during_a_wait_is_received(site: &impl Site) {
    let waiting = receive(site, ReceiveRequest::new(10, 2 * A_SECOND, LONG));
    let sending = async {
        send(site, SentMessage::new("late")).await;
        site.pass(2 * A_SECOND).await;
    };
    let (messages, ()) = join(waiting, sending).await;
    match &messages[..] {
        [message] if message.body == "late" => cleared(site, &messages).await,
        _ => panic!("what is sent during a wait is not received by it: {messages:?}"),
    }
}

/// A worker has taken a permit for each, and for no more.
pub async fn at_most_so_many_are_received(site: &impl Site) {
    for body in ["one", "two", "three"] {
        send(site, SentMessage::new(body)).await;
    }
    let mut messages = take(site, 2, LONG).await;
    if messages.len() > 2 {
        panic!("2 messages were asked for, and {} came", messages.len());
    }
    messages.extend(take_all(site, 3 - messages.len(), 10, LONG).await);
    cleared(site, &messages).await;
}

/// And not for that of the queue: a worker keeps hidden what it has in hand, and gives it back soon if it dies.
pub async fn what_was_received_is_hidden_for_the_time_that_was_asked_for(site: &impl Site) {
    send(site, SentMessage::new("hidden")).await;
    take_one(site, 3 * A_SECOND).await;
    let messages = take(site, 10, LONG).await;
    if !messages.is_empty() {
        panic!("a message that was just received is received again: {messages:?}");
    }
    site.pass(4 * A_SECOND).await;
    let again = take_one(site, LONG).await;
    cleared(site, &[again]).await;
}

/// Of every receive of a message the worker knows which it is, and can tell SQS about that one.
pub async fn each_receive_is_counted_and_has_a_receipt_of_its_own(site: &impl Site) {
    send(site, SentMessage::new("counted")).await;
    let first = take_one(site, A_SECOND).await;
    site.pass(2 * A_SECOND).await;
    let second = take_one(site, LONG).await;
    let counts: Vec<_> = records(site, &[first.clone(), second.clone()]).iter().map(|r| r.receive_count()).collect();
    if counts != [Some(1), Some(2)] {
        panic!("two receives of a message are counted as {counts:?}");
    }
    if first.message_id != second.message_id || first.receipt_handle == second.receipt_handle {
        panic!("a second receive is of another message, or has the first one's receipt handle");
    }
    cleared(site, &[second]).await;
}
