//! What a FIFO queue keeps in order.

use std::time::Duration;

use super::site::{LONG, Site, cleared, is_fifo, records, take, take_all, take_one};
use crate::{queue::ReceivedMessage, testkit::SentMessage};

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
