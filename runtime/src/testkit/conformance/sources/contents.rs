//! What a message brings.

use std::collections::BTreeMap;

use super::site::{LONG, Site, cleared, records, send, take_one};
use crate::testkit::{
    SentMessage,
    event::{AttributeValue, Message},
};

/// Body, message attributes with their types, and the digests of both.
pub async fn a_message_comes_as_it_was_sent(site: &impl Site) {
    let sent = SentMessage::new("an \"order\"\n\u{e4}\u{1f4e6}")
        .attribute("tenant", "t1")
        .attribute("attempt", AttributeValue::number("3"))
        .attribute("correlation", AttributeValue::from("6d0f7d0e").labelled("uuid"))
        .attribute("digest", [0x00, 0xff].as_slice());
    for sent in [SentMessage::new("without attributes"), sent] {
        let expected = Message::received(&sent, 0).to_received(&site.arn());
        send(site, sent).await;
        let came = take_one(site, LONG).await;
        if came.body != expected.body || came.md5_of_body != expected.md5_of_body {
            panic!("a body or its digest is another one: {:?} {:?}", came.body, came.md5_of_body);
        }
        let by_name = |all: &[(String, _)]| all.iter().cloned().collect::<BTreeMap<_, _>>();
        let (attributes, expected_ones) = (by_name(&came.message_attributes), by_name(&expected.message_attributes));
        let has_digest = came.md5_of_message_attributes == expected.md5_of_message_attributes;
        if attributes != expected_ones || !has_digest {
            panic!(
                "message attributes or their digest are others: {attributes:?} {:?}",
                came.md5_of_message_attributes
            );
        }
        cleared(site, &[came]).await;
    }
}

/// Of that its age is told.
pub async fn a_message_says_when_it_was_sent_and_first_received(site: &impl Site) {
    send(site, SentMessage::new("dated")).await;
    let came = take_one(site, LONG).await;
    for record in records(site, std::slice::from_ref(&came)) {
        if record.sent_at().is_none() || record.first_received_at() < record.sent_at() {
            panic!("a message does not say when it was sent and first received: {:?}", came.attributes);
        }
    }
    cleared(site, &[came]).await;
}
