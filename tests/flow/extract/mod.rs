//! Arguments: what each extractor makes of recorded events, and how it refuses.

mod gzip;
mod offloaded;
mod s3_payloads;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use sqs_runtime::{
    Consumer, Failure,
    batch::Record,
    extract::{
        Attributes, Body, EventBridge, Json, MessageGroupId, MessageId, ReceiveCount, S3Notification, Sns, TimeLeft,
    },
    run::Pipeline,
};

use crate::support::{event, fixture, outcomes, reasons, record, run};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
}

#[tokio::test]
async fn a_body_is_decoded_or_rejected_alone() {
    let consumer = Consumer::new(|Json(order): Json<Order>| async move { assert_eq!(order.order_id, "A-1") });
    let deep = "[".repeat(200) + &"]".repeat(200);
    let bodies = [
        r#"{"orderId":"A-1"}"#,
        "{",
        "{}",
        r#"{"orderId":5}"#,
        r#"{"orderId":1e400}"#,
        &deep,
        r#"{"orderId":"A-1"} x"#,
    ];
    let records: Vec<_> = bodies.iter().enumerate().map(|(n, body)| record(&format!("m-{n}"), body)).collect();
    let report = run(consumer, &event(&records)).await;
    assert_eq!(outcomes(&report)[0], "done");
    assert!(outcomes(&report)[1..].iter().all(|outcome| *outcome == "rejected"), "{report:?}");
    assert_eq!(reasons(&report)[2], "the JSON lacks the field `orderId` (line 1, column 2)");
    assert!(reasons(&report)[1].starts_with("the body is not valid JSON"));
    assert!(report.records().skip(1).all(|record| record.runs == 0));
}

#[tokio::test]
async fn nesting_too_deep_is_told_apart() {
    let consumer = Consumer::new(|_: Json<Value>| async {});
    let report = run(consumer, &fixture("malformed/deep-body.json")).await;
    assert_eq!(outcomes(&report), ["done", "rejected", "done"]);
    assert!(reasons(&report)[1].starts_with("the JSON is nested too deep"), "{:?}", reasons(&report));
}

#[tokio::test]
async fn a_rejection_quotes_no_value_of_the_payload() {
    let consumer = Consumer::new(|_: Json<Order>| async {});
    let report = run(consumer, &event(&[record("m-1", r#"{"orderId":{"card":"4242-secret"}}"#)])).await;
    assert!(!reasons(&report)[0].contains("secret") && !reasons(&report)[0].contains("card"), "{:?}", reasons(&report));
}

/// Where the pointer itself would do for what the handler asks for, its run would be the end of a payload that nobody has read.
#[tokio::test]
async fn a_pointer_is_no_json_of_any_type() {
    let pointer = fixture("s3-pointer.json");
    let body = serde_json::from_str::<Value>(&pointer).unwrap()["Records"][0]["body"].as_str().unwrap().to_owned();
    let event_bridge = json!({"detail-type": "Placed", "source": "shop", "id": "1", "detail": raw(&body)}).to_string();
    let sns = json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn", "Message": body}).to_string();
    for (consumer, event) in [
        (Consumer::new(|_: Json<Value>| async {}), pointer.clone()),
        (Consumer::new(|_: Json<Vec<Value>>| async {}), pointer.clone()),
        (Consumer::new(|_: Json<(String, Value)>| async {}), pointer.clone()),
        (Consumer::new(|_: Sns<Value>| async {}), pointer),
        (Consumer::new(|_: Sns<Value>| async {}), event(&[record("m-1", &sns)])),
        (Consumer::new(|_: EventBridge<Value>| async {}), event(&[record("m-1", &event_bridge)])),
    ] {
        let report = run(consumer, &event).await;
        assert_eq!(outcomes(&report), ["rejected"]);
        assert!(reasons(&report)[0].contains("the payload is in S3"), "{:?}", reasons(&report));
    }
}

fn raw(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn a_pointer_of_the_extended_client_is_recognised() {
    let consumer = Consumer::new(|_: Json<Order>| async {});
    let report = run(consumer, &fixture("s3-pointer.json")).await;
    assert!(reasons(&report)[0].contains("the payload is in S3"), "{:?}", reasons(&report));
    assert!(reasons(&report)[0].contains("`extract::Offloaded<Json<..>>` reads it"), "{:?}", reasons(&report));
    let as_it_is = Consumer::new(|body: Body| async move { assert!(body.starts_with('[')) });
    let report = run(as_it_is, &fixture("s3-pointer.json")).await;
    assert_eq!(outcomes(&report), ["done"]);
}

#[tokio::test]
async fn facts_about_the_message() {
    let consumer = Consumer::new(
        |MessageId(id): MessageId,
         ReceiveCount(count): ReceiveCount,
         MessageGroupId(group): MessageGroupId,
         body: Body,
         record: Record,
         time: TimeLeft| async move {
            assert_eq!(id, record.message_id());
            assert_eq!((count, group.as_str()), (Some(1), record.message_group_id().unwrap_or_default()));
            assert_eq!(body.as_str(), record.body());
            assert_eq!(time.get(), Some(Duration::from_secs(30)));
        },
    );
    let pipeline = Pipeline::for_tests(consumer.clock(sqs_runtime::testkit::ManualClock::new()));
    let invocation = pipeline.invocation(Some(Duration::from_secs(30)));
    let report = pipeline.run_event(fixture("fifo-groups.json"), invocation).await.expect("an SQS event");
    assert!(report.response().expect("named").is_complete_success(), "{:?}", reasons(&report));
}

#[tokio::test]
async fn a_missing_group_is_a_rejection_unless_it_may_be_missing() {
    let event = event(&[record("m-1", "x")]);
    let needs = run(Consumer::new(|_: MessageGroupId| async {}), &event).await;
    assert_eq!(outcomes(&needs), ["rejected"]);
    let takes =
        run(Consumer::new(|group: Option<MessageGroupId>| async move { assert_eq!(group, None) }), &event).await;
    assert_eq!(outcomes(&takes), ["done"]);
}

#[tokio::test]
async fn attributes_by_name() {
    let consumer = Consumer::new(|attributes: Attributes| async move {
        assert_eq!(attributes.text("tenant"), Some("blue"));
        assert_eq!(attributes.get("absent"), None);
        assert_eq!(attributes.iter().count(), 1);
    });
    let mut record = record("m-1", "x");
    record["messageAttributes"] = json!({"tenant": {"dataType": "String", "stringValue": "blue"}});
    assert_eq!(outcomes(&run(consumer, &event(&[record])).await), ["done"]);
}

#[tokio::test]
async fn sns_wrapped_and_raw() {
    let wrapped = Consumer::new(|sns: Sns<Order>| async move {
        assert!(!sns.message.order_id.is_empty());
        assert!(sns.topic_arn.is_some_and(|arn| arn.starts_with("arn:aws:sns:")));
        assert!(sns.message_id.is_some());
    });
    let report = run(wrapped, &fixture("sns-wrapped.json")).await;
    assert!(outcomes(&report).iter().all(|outcome| *outcome == "done"), "{:?}", reasons(&report));
    let raw = Consumer::new(|sns: Sns<Order>| async move { assert_eq!((sns.topic_arn, sns.message_id), (None, None)) });
    let report = run(raw, &fixture("sns-raw.json")).await;
    assert!(outcomes(&report).iter().all(|outcome| *outcome == "done"), "{:?}", reasons(&report));
    let other = run(Consumer::new(|_: Sns<Order>| async {}), &event(&[record("m-1", "{}")])).await;
    assert_eq!(reasons(&other), ["inside the SNS notification: the JSON lacks the field `orderId` (line 1, column 2)"]);
}

#[tokio::test]
async fn event_bridge() {
    let consumer = Consumer::new(|event: EventBridge<Order>| async move {
        assert_eq!((event.detail_type.as_str(), event.source.as_str()), ("OrderPlaced", "shop.orders"));
        assert!(!event.detail.order_id.is_empty() && !event.id.is_empty());
    });
    let report = run(consumer, &fixture("eventbridge-wrapped.json")).await;
    assert!(outcomes(&report).iter().all(|outcome| *outcome == "done"), "{:?}", reasons(&report));
    let other = run(Consumer::new(|_: EventBridge<Order>| async {}), &fixture("standard.json")).await;
    assert!(
        reasons(&other).iter().all(|reason| reason == "the body is not an EventBridge event"),
        "{:?}",
        reasons(&other)
    );
}

#[tokio::test]
async fn s3_notifications_and_their_test_event() {
    let consumer = || {
        Consumer::new(|notification: S3Notification| async move {
            let [object] = notification.records.as_slice() else { return Err(Failure::reject("one object expected")) };
            assert_eq!(object.key, "incoming/2026/café order #1 (copy)+notes.json");
            assert!(!object.bucket.is_empty() && object.size.is_some());
            Ok(())
        })
    };
    let report = run(consumer(), &fixture("s3-notification.json")).await;
    assert!(outcomes(&report).iter().all(|outcome| *outcome == "done"), "{:?}", reasons(&report));
    let test_event = run(consumer(), &fixture("s3-test-event.json")).await;
    assert_eq!((outcomes(&test_event), test_event.nothing_to_do()), (vec!["done"], 1));
    assert_eq!(test_event.records().next().map(|record| record.runs), Some(0));
    let other = run(consumer(), &fixture("standard.json")).await;
    assert!(outcomes(&other).iter().all(|outcome| *outcome == "rejected"));
}
