//! `send` on the wire: what SQS is asked, and that each entry's answer is read.

use serde_json::{Value, json};
use sqs_runtime::testkit::event::{Event, Message};
use sqs_runtime_cli::aws::send::{Fate, Letter, Target, letters, send};

use crate::canned::Canned;

fn target(queue: &str) -> Target {
    Target { url: format!("https://queue.test/123456789012/{queue}"), run: "run".to_owned() }
}

fn ready(event: &Event, to: &Target) -> Vec<Letter> {
    let all = letters("orders.json", &event.to_batch(), to.is_fifo(), true).expect("they may go");
    all.into_iter().map(|letter| letter.expect("a message")).collect()
}

fn sent(places: &[usize]) -> Value {
    let entry =
        |place: &usize| json!({ "Id": place.to_string(), "MessageId": format!("new-{place}"), "MD5OfMessageBody": "" });
    json!({ "Successful": places.iter().map(entry).collect::<Vec<_>>(), "Failed": [] })
}

fn is_sent(fate: &Fate) -> bool {
    matches!(fate, Fate::Sent(_))
}

#[tokio::test]
async fn a_message_goes_with_its_body_its_attributes_and_its_group() {
    let message = Message::text("an order").attribute("tenant", "t1").group("g").deduplication_id("old");
    let event = Event::fifo("orders").message(message.attribute("bytes", vec![0, 255]));
    let (canned, to) = (Canned::default().then("SendMessageBatch", sent(&[0])), target("orders.fifo"));
    let fates = send(&canned.client(), &to, &ready(&event, &to)).await;
    assert_eq!(fates, [Fate::Sent("new-0".to_owned())]);
    let expected = json!({
        "QueueUrl": to.url,
        "Entries": [{
            "Id": "0",
            "MessageBody": "an order",
            "MessageAttributes": {
                "tenant": { "DataType": "String", "StringValue": "t1" },
                "bytes": { "DataType": "Binary", "BinaryValue": "AP8=" },
            },
            "MessageGroupId": "g",
            "MessageDeduplicationId": "run-0",
        }],
    });
    assert_eq!(canned.asked(), [("SendMessageBatch".to_owned(), expected)]);
}

#[tokio::test]
async fn each_entry_of_a_call_has_its_own_fate() {
    let event = Event::standard("orders").messages((0..12).map(|number| Message::text(format!("order {number}"))));
    let failed = json!([{ "Id": "3", "Code": "InvalidMessageContents", "Message": "no", "SenderFault": true }]);
    let mut first = sent(&[0, 1, 2, 4, 5, 6, 7, 8]);
    first["Failed"] = failed;
    let canned = Canned::default().then("SendMessageBatch", first).then("SendMessageBatch", sent(&[10, 11]));
    let to = target("orders");
    let fates = send(&canned.client(), &to, &ready(&event, &to)).await;
    assert_eq!(fates[3], Fate::Failed("InvalidMessageContents: no".to_owned()));
    assert_eq!(fates[9], Fate::Failed("it may have been sent: SQS says nothing of it".to_owned()));
    assert_eq!(fates.iter().filter(|fate| is_sent(fate)).count(), 10);
    assert_eq!(fates[11], Fate::Sent("new-11".to_owned()));
}

#[tokio::test]
async fn nothing_overtakes_a_message_of_its_group_that_failed() {
    let of = |group: &str| Message::text("x").group(group).deduplication_id("d");
    let event = Event::fifo("orders").messages([of("a"), of("b"), of("a"), of("b")]);
    let mut first = sent(&[1]);
    first["Failed"] = json!([{ "Id": "0", "Code": "InternalError", "SenderFault": false }]);
    let canned = Canned::default().then("SendMessageBatch", first).then("SendMessageBatch", sent(&[3]));
    let to = target("orders.fifo");
    let fates = send(&canned.client(), &to, &ready(&event, &to)).await;
    assert_eq!(fates.iter().map(is_sent).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(fates[2], Fate::Failed("not sent: one before it failed".to_owned()));
    let asked: Vec<_> = canned.asked().iter().map(|(_, body)| body["Entries"].as_array().unwrap().len()).collect();
    assert_eq!(asked, [2, 1]);
}

#[tokio::test]
async fn what_refuses_a_whole_call_is_not_asked_again() {
    let event = Event::standard("orders").messages((0..12).map(|_| Message::text("x")));
    let canned = Canned::default().then_refuse("SendMessageBatch", "AccessDeniedException", "not for you");
    let to = target("orders");
    let fates = send(&canned.client(), &to, &ready(&event, &to)).await;
    assert_eq!(fates.len(), 12);
    let Fate::Failed(why) = &fates[0] else { panic!("it was sent") };
    assert!(why.contains("not for you"), "{why}");
    assert_eq!(fates[11], Fate::Failed("not sent: one before it failed".to_owned()));
    assert_eq!(canned.asked().len(), 1);
}

#[tokio::test]
async fn what_is_too_large_is_not_tried() {
    let event = Event::standard("orders").messages([Message::text("x".repeat(1_048_577)), Message::text("y")]);
    let canned = Canned::default().then("SendMessageBatch", sent(&[1]));
    let to = target("orders");
    let fates = send(&canned.client(), &to, &ready(&event, &to)).await;
    assert_eq!(fates, [Fate::Failed("not sent: it has more than 1 MiB".to_owned()), Fate::Sent("new-1".to_owned())]);
}
