//! Events in: what each kind of input gets. The rows are those of the page "Bad input" (`runtime/docs/inputs.md`).

use std::time::{Duration, SystemTime};

use serde_json::json;
use sqs_runtime::{
    Consumer,
    batch::{Batch, EventError, MessageAttributeValue, QueueArn},
};

use crate::support::{self, event, fixture, outcomes, record, returned};

fn batch(name: &str) -> Batch {
    Batch::from_json(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn refusal(event: &str) -> EventError {
    Batch::from_json(event).err().unwrap_or_else(|| panic!("accepted: {event}"))
}

#[test]
fn a_record_shows_all_that_it_carries() {
    let batch = batch("fifo-groups.json");
    let record = batch.record(0).expect("well-formed");
    assert!(!record.message_id().is_empty());
    assert!(record.receipt_handle().is_some_and(|handle| handle.len() > 20));
    assert!(record.body().starts_with('{'));
    assert_eq!(record.receive_count(), Some(1));
    assert!(record.sent_at().is_some_and(|sent| sent > SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)));
    assert!(record.first_received_at() >= record.sent_at());
    assert!(record.sender_id().is_some());
    assert_eq!(record.message_group_id(), Some("A"));
    assert!(record.message_deduplication_id().is_some());
    assert_eq!(record.sequence_number().map(str::len), Some(20));
    let arn = record.queue_arn().expect("named");
    assert_eq!(
        (arn.region(), arn.account(), arn.name()),
        (Some("eu-west-1"), Some("123456789012"), Some("ledger.fifo"))
    );
    assert!(record.is_fifo() && arn.is_fifo());
}

#[test]
fn a_dead_letter_names_the_queue_it_came_from() {
    let batch = batch("redelivered.json");
    let sources: Vec<_> = batch.records().map(|r| r.expect("well-formed").dead_letter_source().is_some()).collect();
    assert_eq!(sources, [true, false]);
    assert_eq!(batch.record(0).expect("well-formed").receive_count(), Some(4));
}

#[test]
fn message_attributes_have_their_types() {
    let batch = batch("message-attributes.json");
    let record = batch.record(0).expect("well-formed");
    assert!(record.trace_header().is_some());
    let types: Vec<&str> = record.message_attributes().map(|(_, attribute)| attribute.data_type()).collect();
    for data_type in ["String", "Number", "Binary", "String.uuid", "Number.int", "Binary.png"] {
        assert!(types.contains(&data_type), "{data_type} is missing in {types:?}");
    }
    let binary = record.message_attributes().find(|(_, attribute)| attribute.custom_type() == Some("png"));
    assert!(binary.is_some_and(|(_, attribute)| matches!(attribute.value(), MessageAttributeValue::Binary(_))));
    // Nulls and empty lists, as with a batching window.
    let second = batch.record(1).expect("nulls are normal");
    assert!(second.message_attributes().count() > 0);
}

#[test]
fn one_bad_record_fails_alone() {
    for (name, field) in [
        ("body-missing", "body"),
        ("body-null", "body"),
        ("body-number", "body"),
        ("attribute-bad-base64", "messageAttributes"),
        ("lone-surrogate", "body"),
        ("repeated-key", "body"),
    ] {
        let batch = batch(&format!("malformed/{name}.json"));
        let verdicts: Vec<_> = batch.records().map(|record| record.is_ok()).collect();
        assert_eq!(verdicts, [true, false, true], "{name}");
        let malformed = batch.record(1).expect_err("bad");
        assert_eq!((malformed.field(), malformed.index(), malformed.is_nameable()), (field, 1, true), "{name}");
    }
}

#[test]
fn a_missing_body_is_told_from_an_empty_one() {
    assert!(batch("malformed/body-missing.json").record(1).expect_err("missing").is_missing_body());
    assert!(batch("malformed/body-null.json").record(1).expect_err("null").is_missing_body());
    let empty = Batch::from_json(event(&[record("m-1", "")])).expect("an SQS event");
    assert_eq!(empty.record(0).expect("legal").body(), "");
}

#[test]
fn a_record_without_an_id_cannot_be_named() {
    for name in ["message-id-missing", "message-id-empty", "message-id-null", "record-null", "record-number"] {
        let batch = batch(&format!("malformed/{name}.json"));
        let verdicts: Vec<_> = batch.records().map(|record| record.is_ok()).collect();
        assert_eq!(verdicts, [true, false, true], "{name}");
        assert!(!batch.record(1).expect_err("bad").is_nameable(), "{name}");
    }
}

#[test]
fn what_emulators_leave_out_is_no_mistake() {
    for name in
        ["attributes-null", "attribute-value-null", "receipt-handle-missing", "receive-count-garbage", "deep-body"]
    {
        let batch = batch(&format!("malformed/{name}.json"));
        assert!(batch.records().all(|record| record.is_ok()), "{name}");
    }
    let record = |name: &str| batch(&format!("malformed/{name}.json")).record(1).expect("tolerated");
    assert_eq!(record("receive-count-garbage").receive_count(), None);
    assert_eq!(record("receipt-handle-missing").receipt_handle(), None);
    assert_eq!(record("attributes-null").sent_at(), None);
}

#[test]
fn receive_counts_beyond_all_measure_are_unknown() {
    for count in ["-1", "4294967296", "1.5", "", " 3"] {
        let mut record = record("m-1", "x");
        record["attributes"]["ApproximateReceiveCount"] = json!(count);
        let batch = Batch::from_json(event(&[record])).expect("an SQS event");
        assert_eq!(batch.record(0).expect("tolerated").receive_count(), None, "{count:?}");
    }
    let mut numeric = record("m-1", "x");
    numeric["attributes"]["ApproximateReceiveCount"] = json!(7);
    let batch = Batch::from_json(event(&[numeric])).expect("an SQS event");
    assert_eq!(batch.record(0).expect("tolerated").receive_count(), Some(7));
}

#[test]
fn fields_that_nobody_knows_are_ignored_however_deep() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let text = format!(r#"{{"Records":[{{"messageId":"m","body":"x","new":{deep}}}],"more":{deep}}}"#);
    assert!(Batch::from_json(text).expect("an SQS event").record(0).is_ok());
}

#[test]
fn events_of_other_sources_are_refused_by_name() {
    for (name, found) in [
        ("s3", "aws:s3"),
        ("sns", "aws:sns"),
        ("kinesis", "aws:kinesis"),
        ("dynamodb", "aws:dynamodb"),
        ("eventbridge", "EventBridge"),
        ("api-gateway", "API Gateway or a function URL"),
    ] {
        let error = refusal(&fixture(&format!("not-sqs/{name}.json")));
        assert!(error.is_not_an_sqs_event(), "{name}: {error}");
        assert_eq!(error.found(), Some(found));
    }
}

#[test]
fn an_event_without_records_is_refused_and_an_empty_list_is_not() {
    for name in ["no-records", "records-null", "records-string"] {
        let error = refusal(&fixture(&format!("malformed/{name}.json")));
        assert!(error.is_without_records(), "{name}: {error}");
    }
    for text in ["[]", "\"text\"", "5", "null", "true", r#"{"Records":{}}"#, r#"{"Records":[],"Records":[]}"#] {
        assert!(refusal(text).is_without_records(), "{text}");
    }
    assert!(Batch::from_json(fixture("malformed/empty.json")).expect("an empty event").is_empty());
}

#[test]
fn an_event_that_is_no_json_is_refused() {
    for text in ["", "{", "{\"Records\":[}", "\u{feff}{\"Records\":[]}", "{\"Records\":[]} x"] {
        assert!(refusal(text).is_not_json(), "{text}");
    }
    assert!(Batch::from_slice(b"{\"Records\":[\"\xff\"]}").expect_err("not UTF-8").is_not_json());
}

#[test]
fn escapes_are_undone_where_they_stand() {
    let text = r#"{"Records":[{"messageId":"m\u002d1","body":"\"quoted\" caf\u00e9 \ud83d\ude00 \u0000",
        "eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:r:1:q","attributes":{"MessageGroupId":"g\u002d1"}}]}"#;
    let batch = Batch::from_json(text).expect("an SQS event");
    let record = batch.record(0).expect("well-formed");
    assert_eq!(record.message_id(), "m-1");
    assert_eq!(record.message_group_id(), Some("g-1"));
    assert_eq!(record.body(), "\"quoted\" café 😀 \0");
    assert_eq!(record.queue_arn(), Some(QueueArn::new("arn:aws:sqs:r:1:q")));
}

#[test]
fn a_repeated_message_id_field_names_nothing() {
    let text = r#"{"Records":[{"messageId":"a","messageId":"b","body":"x"}]}"#;
    let malformed = Batch::from_json(text).expect("an SQS event").record(0).expect_err("ambiguous");
    assert_eq!((malformed.field(), malformed.is_nameable()), ("messageId", false));
}

#[test]
fn only_the_arn_makes_a_queue_fifo() {
    let fair = batch("fair-queue.json");
    assert_eq!(fair.record(0).expect("well-formed").message_group_id().map(str::is_empty), Some(false));
    assert_eq!(fair.ordered_group(0), None);
    let mut without = support::fifo_record("m-1", "A", "x");
    without["attributes"] = json!({});
    let batch = Batch::from_json(event(&[without])).expect("an SQS event");
    assert_eq!(batch.ordered_group(0), Some((QueueArn::new(support::FIFO), "")), "kept in order among themselves");
}

#[test]
fn debug_shows_no_payload_and_no_handle() {
    let batch = batch("message-attributes.json");
    let record = batch.record(0).expect("well-formed");
    let shown = format!("{batch:?} {record:?} {:?}", record.message_attributes().collect::<Vec<_>>());
    assert!(!shown.contains(record.receipt_handle().expect("there")), "{shown}");
    assert!(!shown.contains(record.body()), "{shown}");
    assert!(!shown.contains("123456789012"), "an account id: {shown}");
    for (_, attribute) in record.message_attributes() {
        assert!(attribute.as_str().is_none_or(|text| text.len() < 5 || !shown.contains(text)), "{shown}");
    }
}

#[test]
fn an_id_cannot_forge_a_log_line() {
    let mut record = record("m-1", "x");
    record["messageId"] = json!("m\n2027 INFO all is well \u{1b}[2J\u{202e}");
    let batch = Batch::from_json(event(&[record])).expect("an SQS event");
    let record = batch.record(0).expect("well-formed");
    let shown = record.display_id();
    assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
    let long = Batch::from_json(event(&[support::record(&"x".repeat(10_000), "x")])).expect("an SQS event");
    assert!(long.record(0).expect("well-formed").display_id().len() < 300);
}

#[test]
fn a_batch_becomes_an_sqs_event_and_comes_back() {
    let batch = batch("standard.json");
    let theirs = batch.to_sqs_event().expect("strict, and well-formed");
    assert_eq!(theirs.records.len(), batch.len());
    let back = Batch::try_from(&theirs).expect("an SQS event");
    for (one, other) in batch.records().zip(back.records()) {
        let (one, other) = (one.expect("well-formed"), other.expect("well-formed"));
        assert_eq!((one.message_id(), one.body()), (other.message_id(), other.body()));
        assert_eq!((one.receive_count(), one.queue_arn()), (other.receive_count(), other.queue_arn()));
    }
}

#[test]
fn a_redelivery_raises_the_count_and_renews_the_handle_and_nothing_else() {
    let first = batch("standard.json");
    let second = first.redelivered().expect("parsed before");
    let third = second.redelivered().expect("parsed before");
    for index in 0..first.len() {
        let [a, b, c] = [&first, &second, &third].map(|batch| batch.record(index).expect("well-formed"));
        assert_eq!([a.receive_count(), b.receive_count(), c.receive_count()], [Some(1), Some(2), Some(3)]);
        assert!(a.receipt_handle() != b.receipt_handle() && b.receipt_handle() != c.receipt_handle());
        assert_eq!((a.message_id(), a.body(), a.sent_at()), (c.message_id(), c.body(), c.sent_at()));
    }
    let malformed = batch("malformed/record-null.json").redelivered().expect("parsed before");
    assert!(malformed.record(0).is_ok() && malformed.record(1).is_err());
}

#[tokio::test]
async fn digests_are_checked_where_asked() {
    let consumer = || Consumer::new(|| async {}).verify_md5(true);
    for name in ["standard.json", "message-attributes.json", "sns-raw.json", "malformed/attributes-null.json"] {
        let report = support::run(consumer(), &fixture(name)).await;
        assert!(returned(&report).is_empty(), "{name}: {:?}", support::reasons(&report));
    }
    let mut wrong = record("m-1", "x");
    wrong["md5OfBody"] = json!("d41d8cd98f00b204e9800998ecf8427e");
    let mut attributes = record("m-2", "x");
    attributes["messageAttributes"] = json!({"a": {"dataType": "String", "stringValue": "x"}});
    attributes["md5OfMessageAttributes"] = json!("d41d8cd98f00b204e9800998ecf8427e");
    let event = event(&[wrong, attributes]);
    let report = support::run(consumer(), &event).await;
    assert_eq!(outcomes(&report), ["retry", "retry"], "damaged on the way: another receive may be whole");
    let unchecked = support::run(Consumer::new(|| async {}), &event).await;
    assert_eq!(outcomes(&unchecked), ["done", "done"]);
}

#[tokio::test]
async fn a_body_above_the_limit_is_rejected_without_a_run() {
    let consumer = Consumer::new(|| async {}).body_limit(3);
    let report = support::run(consumer, &event(&[record("m-1", "four"), record("m-2", "two")])).await;
    assert_eq!(outcomes(&report), ["rejected", "done"]);
    assert_eq!(report.records().next().map(|record| record.runs), Some(0));
}

#[tokio::test]
async fn records_of_several_queues_run_unless_one_queue_is_insisted_on() {
    use sqs_runtime::run::Pipeline;
    let mixed = event(&[record("m-1", "x"), support::fifo_record("m-2", "A", "x")]);
    let report = support::run(Consumer::new(|| async {}), &mixed).await;
    assert_eq!(outcomes(&report), ["done", "done"]);
    let strict = Pipeline::for_tests(Consumer::new(|| async {}).single_queue(true));
    let refused = strict.run_event(mixed, strict.invocation(None)).await;
    assert!(refused.is_err_and(|error| error.is_several_queues()));
}
