//! What a FIFO queue keeps in order.

use std::time::Duration;

use super::site::{LONG, Site, cleared, is_fifo, receive, records, take, take_all, take_one};
use crate::{
    queue::{ReceiveRequest, ReceivedMessage},
    testkit::SentMessage,
};

fn of_group(group: &str, body: &str) -> SentMessage {
    SentMessage::new(body).group(group).deduplication_id(format!("{group}-{body}"))
}

fn bodies(messages: &[ReceivedMessage]) -> Vec<&str> {
    messages.iter().map(|message| &*message.body).collect()
}

/// The pipeline orders by the first, and names work by the second.
pub async fn a_group_and_a_deduplication_id_are_said(site: &impl Site) {
    if !is_fifo(site) {
        return;
    }
    site.send(of_group("named", "one")).await;
    let came = take_one(site, LONG).await;
    for record in records(site, std::slice::from_ref(&came)) {
        let said = (record.message_group_id(), record.message_deduplication_id());
        if said != (Some("named"), Some("named-one")) {
            panic!("group and deduplication id are {said:?}");
        }
    }
    cleared(site, &[came]).await;
}

/// In one receive as over several.
pub async fn a_group_comes_in_its_order(site: &impl Site) {
    if !is_fifo(site) {
        return;
    }
    for body in ["one", "two", "three"] {
        site.send(of_group("ordered", body)).await;
    }
    let first = take_one(site, LONG).await;
    cleared(site, std::slice::from_ref(&first)).await;
    let rest = take_all(site, 2, 10, LONG).await;
    if first.body != "one" || bodies(&rest) != ["two", "three"] {
        panic!("a group came as {:?} and then {:?}", first.body, bodies(&rest));
    }
    cleared(site, &rest).await;
}

/// And for no other group.
pub async fn a_group_waits_for_what_is_in_flight(site: &impl Site) {
    if !is_fifo(site) {
        return;
    }
    site.send(of_group("waits", "one")).await;
    let first = take_one(site, Duration::from_secs(2)).await;
    site.send(of_group("waits", "two")).await;
    site.send(of_group("another", "three")).await;
    let other = take_one(site, LONG).await;
    let early = take(site, 10, LONG).await;
    if other.body != "three" || !early.is_empty() {
        panic!("behind a message in flight came {:?} and {:?}", other.body, bodies(&early));
    }
    cleared(site, &[other]).await;
    // It came to nothing: the group goes on from there.
    site.pass(Duration::from_secs(3)).await;
    let again = take_all(site, 2, 10, LONG).await;
    if bodies(&again) != [&*first.body, "two"] {
        panic!("after its message was not deleted the group came as {:?}", bodies(&again));
    }
    cleared(site, &again).await;
}

/// A receive whose answer is lost would hold up its groups for a visibility timeout: the worker asks by the same name again. Of a queue
/// that [knows no attempts](Site::knows_attempts) nothing comes then, and never what stands behind.
pub async fn an_attempt_that_is_asked_for_again_brings_the_same(site: &impl Site) {
    if !is_fifo(site) {
        return;
    }
    for body in ["one", "two"] {
        site.send(of_group("again", body)).await;
    }
    let mut request = ReceiveRequest::new(1, Duration::ZERO, LONG);
    request.attempt = Some("asked-for-again");
    let first = receive(site, request).await;
    let again = receive(site, request).await;
    if bodies(&first) != ["one"] {
        panic!("of two messages an attempt brings {:?}", bodies(&first));
    }
    let is_forgotten = again.is_empty() && !site.knows_attempts();
    if !is_forgotten && receipts(&again) != receipts(&first) {
        panic!(
            "an attempt that brought {:?} brings {:?} when it is asked for again",
            receipts(&first),
            receipts(&again)
        );
    }
    cleared(site, &first).await;
    let rest = take_one(site, LONG).await;
    cleared(site, &[rest]).await;
}

/// Which receive of which message they are.
fn receipts(messages: &[ReceivedMessage]) -> Vec<(&str, &str)> {
    messages.iter().map(|message| (&*message.message_id, &*message.receipt_handle)).collect()
}
