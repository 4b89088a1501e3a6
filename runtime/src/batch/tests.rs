//! What a batch promises of an event, of its records and of what is wrong with them.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use super::*;

const FIFO: &str = "arn:aws:sqs:eu-west-1:123456789012:ledger.fifo";
const STANDARD: &str = "arn:aws:sqs:eu-west-1:123456789012:orders";

/// A record with all that SQS sends, each value another.
fn full() -> Value {
    json!({
        "messageId": "m-2",
        "receiptHandle": "handle",
        "body": "body",
        "attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1800000000001",
            "SenderId": "AIDA",
            "ApproximateFirstReceiveTimestamp": "1800000000002",
            "MessageGroupId": "group",
            "MessageDeduplicationId": "deduplication",
            "SequenceNumber": "18850000000000000000",
            "AWSTraceHeader": "Root=1",
            "DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:123456789012:source",
        },
        "messageAttributes": {
            "tenant": {"dataType": "String", "stringValue": "t1"},
            "weight": {"dataType": "Number", "stringValue": "7"},
        },
        "md5OfBody": "841a2d689ad86bd1611447453c22c6fc",
        "md5OfMessageAttributes": null,
        "eventSource": "aws:sqs",
        "eventSourceARN": FIFO,
    })
}

fn small(id: &str, body: &str) -> Value {
    json!({"messageId": id, "body": body, "eventSourceARN": STANDARD})
}

/// The small record with one field of another value.
fn with(field: &str, value: Value) -> Value {
    let mut record = small("m-2", "body");
    record[field] = value;
    record
}

fn batch(records: &[Value]) -> Batch {
    Batch::from_json(json!({ "Records": records }).to_string()).unwrap()
}

fn refusal(event: &str) -> EventError {
    Batch::from_json(event).err().unwrap_or_else(|| panic!("accepted: {event}"))
}

fn malformed(record: Value) -> MalformedRecord {
    let batch = batch(&[small("m-1", "x"), small("m-1", "x"), record]);
    assert!(batch.record(0).is_ok());
    batch.record(2).err().unwrap()
}

fn at(millis: u64) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}

#[test]
fn a_record_tells_every_field_from_the_others() {
    let batch = batch(&[small("m-0", "x"), small("m-1", "x"), full()]);
    let record = batch.record(2).unwrap();
    assert_eq!((record.index(), record.message_id(), record.body()), (2, "m-2", "body"));
    assert_eq!((record.receipt_handle(), record.receive_count()), (Some("handle"), Some(3)));
    assert_eq!((record.sent_at(), record.first_received_at()), (at(1_800_000_000_001), at(1_800_000_000_002)));
    assert_eq!((record.sender_id(), record.trace_header()), (Some("AIDA"), Some("Root=1")));
    assert_eq!(record.message_group_id(), Some("group"));
    assert_eq!(record.message_deduplication_id(), Some("deduplication"));
    assert_eq!(record.sequence_number(), Some("18850000000000000000"));
    assert_eq!(record.dead_letter_source().and_then(QueueArn::name), Some("source"));
    assert_eq!(record.queue_arn().map(QueueArn::as_str), Some(FIFO));
    assert!(record.is_fifo());
    assert_eq!(record.display_id(), "m-2");
}

#[test]
fn a_record_has_its_message_attributes_by_name() {
    let record = batch(&[full()]).record(0).unwrap();
    let text = |name| record.message_attribute(name).and_then(MessageAttribute::as_str);
    assert_eq!((text("tenant"), text("weight"), text("colour")), (Some("t1"), Some("7"), None));
    let names: Vec<_> = record.message_attributes().map(|(name, _)| name).collect();
    assert_eq!(names, ["tenant", "weight"]);
}

#[test]
fn what_a_record_does_not_have_is_none() {
    let record = batch(&[json!({"messageId": "m-1", "body": ""})]).record(0).unwrap();
    assert_eq!((record.receipt_handle(), record.receive_count(), record.sent_at()), (None, None, None));
    assert_eq!((record.message_group_id(), record.queue_arn(), record.is_fifo()), (None, None, false));
    assert_eq!(record.message_attributes().count(), 0);
}

/// SQS counts receives. What has a count that is no number was changed on its way, which is worth a word in the log.
#[test]
fn a_receive_count_is_absent_readable_or_unreadable() {
    for (attributes, is_unreadable) in [
        (json!({}), false),
        (json!({"ApproximateReceiveCount": "2"}), false),
        (json!({"ApproximateReceiveCount": 2}), false),
        (json!({"ApproximateReceiveCount": "two"}), true),
    ] {
        let record = batch(&[with("attributes", attributes.clone())]).record(0).unwrap();
        assert_eq!(record.has_unreadable_receive_count(), is_unreadable, "{attributes}");
    }
}

#[test]
fn a_batch_is_the_records_of_its_event() {
    let text = json!({ "Records": [small("m-1", "x"), Value::Null, full()] }).to_string();
    let batch = Batch::from_json(text.as_str()).unwrap();
    assert_eq!((batch.len(), batch.is_empty(), batch.bytes()), (3, false, text.len()));
    assert_eq!(batch.records().map(|record| record.is_ok()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!([0, 1, 2, 3].map(|index| batch.message_id(index)), [Some("m-1"), None, Some("m-2"), None]);
    assert_eq!([0, 1, 2].map(|index| batch.is_malformed(index)), [false, true, false]);
    assert_eq!(batch.queue_arn(0), Some(QueueArn::new(STANDARD)));
    assert_eq!(batch.queue_arn(1), None);
    assert_eq!([0, 1, 2].map(|index| batch.receive_count(index)), [None, None, Some(3)]);
    assert_eq!([0, 2].map(|index| batch.message_group_id(index)), [None, Some("group")]);
    assert_eq!([0, 2].map(|index| batch.sent_at(index)), [None, at(1_800_000_000_001)]);
    assert_eq!([0, 2].map(|index| batch.first_received_at(index)), [None, at(1_800_000_000_002)]);
    assert!(batch.record(3).is_err(), "there is none at that place");
    #[cfg(feature = "testkit")]
    assert_eq!(batch.json(), text);
}

/// Where a span begins before anything is decoded.
#[cfg(feature = "otel")]
#[test]
fn a_batch_says_what_the_sender_of_a_record_added() {
    let mut undecodable = full();
    undecodable["messageAttributes"] = json!({"tenant": "t1"});
    let batch = batch(&[small("m-1", "x"), full(), undecodable]);
    assert_eq!([0, 1].map(|index| batch.trace_header(index)), [None, Some("Root=1")]);
    assert_eq!([0, 1, 2].map(|index| batch.message_attributes(index).len()), [0, 2, 0]);
}

/// A worker has to name a receive to SQS although nothing else of its message can be read.
#[cfg(feature = "worker")]
#[test]
fn a_receipt_is_what_names_a_receive() {
    let without = |field: &str| {
        let mut record = full();
        record.as_object_mut().unwrap().remove(field);
        record
    };
    let records = [full(), without("body"), without("receiptHandle"), without("eventSourceARN"), without("messageId")];
    let batch = batch(&records);
    let named: Vec<_> = (0..records.len()).map(|index| batch.receipt(index).is_some()).collect();
    assert_eq!(named, [true, true, false, false, false]);
    let receipt = batch.receipt(1).unwrap();
    assert_eq!((receipt.message_id(), receipt.receipt_handle()), ("m-2", Some("handle")));
    assert_eq!((receipt.queue_arn().map(QueueArn::as_str), receipt.body()), (Some(FIFO), ""));
}

#[test]
fn a_batch_is_read_from_bytes_and_from_a_value_as_from_a_text() {
    let text = json!({ "Records": [full()] }).to_string();
    let raw = RawValue::from_string(text.clone()).unwrap();
    for batch in [Batch::from_slice(text.as_bytes()), Batch::from_raw(raw)] {
        assert_eq!(batch.unwrap().record(0).unwrap().message_id(), "m-2");
    }
    assert!(Batch::from_json(r#"{"Records":[]}"#).unwrap().is_empty());
}

#[test]
fn order_is_kept_within_a_group_of_a_fifo_queue() {
    let mut without_group = full();
    without_group["attributes"] = json!({});
    let mut fair = full();
    fair["eventSourceARN"] = json!(STANDARD);
    let batch = batch(&[full(), without_group, fair]);
    let group = |name| Some((QueueArn::new(FIFO), name));
    assert_eq!([0, 1, 2].map(|index| batch.ordered_group(index)), [group("group"), group(""), None]);
}

#[test]
fn bodies_are_compared_and_queues_are_told_apart() {
    let batch_of = |records: &[Value]| batch(records);
    let batch = batch_of(&[small("m-1", "x"), small("m-2", "x"), small("m-3", "y")]);
    assert!(batch.have_same_body(0, 1) && !batch.have_same_body(0, 2));
    assert!(!batch.has_several_queues());
    assert!(batch_of(&[small("m-1", "x"), full()]).has_several_queues());
}

#[test]
fn escapes_of_every_kind_are_undone() {
    for (raw, body) in [
        ("plain", "plain"),
        (r#"{\"a\":\"b\\\\c\"}"#, r#"{"a":"b\\c"}"#),
        (r"caf\u00e9 \ud83d\ude00", "caf\u{e9} \u{1f600}"),
        (r"\n\t\r\b\f\/", "\n\t\r\u{8}\u{c}/"),
    ] {
        let event = format!(r#"{{"Records":[{{"messageId":"m-1","body":"{raw}"}}]}}"#);
        assert_eq!(Batch::from_json(event).unwrap().record(0).unwrap().body(), body, "{raw}");
    }
}

#[test]
fn escapes_in_a_short_field_are_undone_too() {
    let event = r#"{"Records":[{"messageId":"m\u002d1","body":"x","receiptHandle":"handle\/1",
        "attributes":{"SenderId":"\u0041IDA","SequenceNumber":"1"}}]}"#;
    let record = Batch::from_json(event).unwrap().record(0).unwrap();
    assert_eq!((record.message_id(), record.receipt_handle()), ("m-1", Some("handle/1")));
    assert_eq!((record.sender_id(), record.sequence_number()), (Some("AIDA"), Some("1")));
}

#[test]
fn what_is_wrong_with_a_record_is_said_with_its_place_and_field() {
    for (record, says) in [
        (Value::Null, "record 2 is malformed: `Records[]` is not a JSON object"),
        (with("messageId", json!(null)), "record 2 is malformed: `messageId` is missing"),
        (with("messageId", json!("")), "record 2 is malformed: `messageId` is empty"),
        (with("body", json!(null)), "record 2 is malformed: `body` is missing"),
        (with("body", json!(7)), "record 2 is malformed: `body` is not a string of valid Unicode"),
        (with("receiptHandle", json!(7)), "record 2 is malformed: `receiptHandle` is not a string of valid Unicode"),
        (with("eventSourceARN", json!(7)), "record 2 is malformed: `eventSourceARN` is not a string of valid Unicode"),
        (with("eventSource", json!(7)), "record 2 is malformed: `eventSource` is not a string of valid Unicode"),
        (with("md5OfBody", json!(7)), "record 2 is malformed: `md5OfBody` is not a string of valid Unicode"),
        (
            with("md5OfMessageAttributes", json!(7)),
            "record 2 is malformed: `md5OfMessageAttributes` is not a string of valid Unicode",
        ),
        (with("attributes", json!([])), "record 2 is malformed: `attributes` is not a JSON object"),
        (with("messageAttributes", json!([])), "record 2 is malformed: `messageAttributes` is not a JSON object"),
        (
            with("messageAttributes", json!({"a": {}})),
            "record 2 is malformed: `messageAttributes` has an attribute without a usable type and value",
        ),
    ] {
        let malformed = malformed(record);
        assert_eq!(malformed.to_string(), says);
        assert_eq!(format!("{malformed:?}"), format!("MalformedRecord({says})"));
        assert_eq!((malformed.index(), says.contains(malformed.field())), (2, true), "{says}");
        let names_nothing = matches!(malformed.field(), "Records[]" | "messageId");
        assert_eq!(malformed.is_nameable(), !names_nothing, "{says}");
        assert_eq!(malformed.is_missing_body(), says.ends_with("`body` is missing"), "{says}");
        assert!(!malformed.is_digest_mismatch() && !malformed.is_too_large(), "{says}");
    }
}

/// A wrong type elsewhere must not take an odd record's mates along, nor a number where a text is usual.
#[test]
fn a_record_beside_an_odd_one_keeps_all_that_it_has() {
    let batch = batch(&[Value::Null, full(), with("attributes", json!({"SenderId": 7, "SentTimestamp": null}))]);
    let record = batch.record(1).unwrap();
    assert_eq!((record.receipt_handle(), record.sender_id()), (Some("handle"), Some("AIDA")));
    assert_eq!(record.queue_arn(), Some(QueueArn::new(FIFO)));
    assert_eq!(record.message_attributes().count(), 2);
    let record = batch.record(2).unwrap();
    assert_eq!((record.sender_id(), record.sent_at()), (Some("7"), None));
}

#[test]
fn a_field_that_is_there_twice_is_ambiguous() {
    for (fields, says) in [
        (r#""messageId":"m-1","messageId":"m-2","body":"x""#, "`messageId` is there twice"),
        (r#""messageId":"m-1","body":"x","body":"x""#, "`body` is there twice"),
        (r#""messageId":"m-1","body":"x","attributes":{},"attributes":{}"#, "`attributes` is there twice"),
        (
            r#""messageId":"m-1","body":"x","attributes":{"SenderId":"a","SenderId":"b"}"#,
            "`attributes` is not a JSON object",
        ),
    ] {
        let batch = Batch::from_json(format!(r#"{{"Records":[{{{fields}}}]}}"#)).unwrap();
        let malformed = batch.record(0).err().unwrap();
        assert!(malformed.to_string().ends_with(says), "{malformed}");
        assert_eq!(malformed.is_nameable(), !says.starts_with("`messageId`"), "{fields}");
    }
}

#[test]
fn a_text_that_is_no_unicode_is_said_with_its_place() {
    let batch = Batch::from_json(r#"{"Records":[{"messageId":"m-1","body":"0123\ud800"}]}"#).unwrap();
    let malformed = batch.record(0).err().unwrap();
    assert_eq!(malformed.to_string(), "record 0 is malformed: `body` is not valid Unicode at byte 12");
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let batch = batch(&[small("m-1", r#"four"#), small("m-2", "\"\"\"\"\"")]);
    let checked = |index, limit| batch.checked_record(index, Checks { md5: false, body_limit: Some(limit) });
    assert!(checked(0, 4).is_ok() && checked(1, 5).is_ok());
    let malformed = checked(0, 3).err().unwrap();
    assert!(malformed.is_too_large() && checked(1, 4).is_err(), "as it is once its escapes are undone");
    assert_eq!(malformed.to_string(), "record 0 is malformed: `body` has 4 bytes, more than the consumer's body limit");
}

#[test]
fn digests_are_compared_where_asked() {
    let checks = Checks { md5: true, body_limit: None };
    assert!(batch(&[full()]).checked_record(0, checks).is_ok());
    for field in ["md5OfBody", "md5OfMessageAttributes"] {
        let mut damaged = full();
        damaged[field] = json!("d41d8cd98f00b204e9800998ecf8427e");
        let batch = batch(&[damaged]);
        assert!(batch.record(0).is_ok());
        let malformed = batch.checked_record(0, checks).err().unwrap();
        assert!(malformed.is_digest_mismatch(), "{malformed}");
        assert!(malformed.to_string().ends_with("does not match the MD5 digest sent along"), "{malformed}");
    }
}

#[test]
fn an_event_of_another_source_is_refused_by_name() {
    for (event, found) in [
        (r#"{"detail-type":"x"}"#, "EventBridge"),
        (r#"{"detail":{}}"#, "EventBridge"),
        (r#"{"requestContext":{}}"#, "API Gateway or a function URL"),
        (r#"{"httpMethod":"GET"}"#, "API Gateway or a function URL"),
        (r#"{"routeKey":"x"}"#, "API Gateway or a function URL"),
        (r#"{"deliveryStreamArn":"x","records":[]}"#, "Kinesis Data Firehose"),
        (r#"{"awslogs":{}}"#, "CloudWatch Logs"),
        (r#"{"TopicArn":"x"}"#, "SNS"),
        (r#"{"Records":[{"eventSource":"aws:s3"}]}"#, "aws:s3"),
        (r#"{"Records":[{"EventSource":"aws:sns"}]}"#, "aws:sns"),
        (r#"{"Records":[{"eventSource":""}]}"#, "a source without a name"),
        (r#"{"Records":[],"detail":{}}"#, "EventBridge"),
    ] {
        let error = refusal(event);
        assert_eq!(error.found(), Some(found), "{event}");
        assert!(error.is_not_an_sqs_event() && !error.is_without_records() && !error.is_not_json());
        assert!(error.to_string().starts_with(&format!("not an SQS event: it comes from {found};")), "{error}");
    }
}

#[test]
fn a_foreign_name_cannot_forge_a_log_line() {
    let event = json!({"Records": [{"eventSource": format!("a\u{7f}{}", "b".repeat(100))}]}).to_string();
    assert_eq!(refusal(&event).found(), Some(format!("a{}", "b".repeat(38)).as_str()));
}

#[test]
fn an_event_without_a_list_of_records_is_refused_for_what_it_has() {
    for (event, says) in [
        ("null", "found null;"),
        ("true", "found a boolean;"),
        ("-1", "found a number;"),
        ("1", "found a number;"),
        ("1.5", "found a number;"),
        (r#""text""#, "found a string;"),
        ("[]", "found a list;"),
        ("{}", "`Records` is missing;"),
        (r#"{"Records":null}"#, "`Records` is null;"),
        (r#"{"Records":false}"#, "`Records` is a boolean;"),
        (r#"{"Records":-1}"#, "`Records` is a number;"),
        (r#"{"Records":1}"#, "`Records` is a number;"),
        (r#"{"Records":1.5}"#, "`Records` is a number;"),
        (r#"{"Records":"text"}"#, "`Records` is a string;"),
        (r#"{"Records":{}}"#, "`Records` is an object;"),
        (r#"{"Records":[],"Records":[]}"#, "`Records` is there twice"),
    ] {
        let error = refusal(event);
        assert!(error.is_without_records() && !error.is_not_an_sqs_event() && !error.is_not_json(), "{event}");
        assert!(error.to_string().contains(says), "{event}: {error}");
        assert!(error.found().is_none() && error.source().is_none(), "{event}");
        assert!(!error.is_several_queues());
    }
    assert!(EventError::several_queues().is_several_queues());
    assert!(!EventError::several_queues().is_without_records());
}

#[test]
fn an_event_that_is_no_json_has_the_cause_behind_it() {
    let error = refusal(r#"{"Records":[}"#);
    assert!(error.is_not_json() && !error.is_without_records());
    assert_eq!(error.to_string(), "the event is not valid JSON");
    assert!(error.source().unwrap().is::<serde_json::Error>());
    let error = Batch::from_slice(b"\xff").err().unwrap();
    assert!(error.is_not_json());
    assert_eq!(error.to_string(), "the event is not valid UTF-8");
    assert!(error.source().unwrap().is::<std::str::Utf8Error>());
}

#[test]
fn a_redelivery_is_the_same_text_but_for_count_and_handle() {
    let text = r#"{"Records":[{"body":"x","receiptHandle":"h","attributes":{"ApproximateReceiveCount":"9"},"messageId":"m-1"},
        null,{"messageId":"m-2","body":"y","attributes":{"ApproximateReceiveCount":"?"},"receiptHandle":"h\/2"},
        {"attributes":{"ApproximateReceiveCount":1},"receiptHandle":"h-receive-x"}]}"#;
    let again = r#"{"Records":[{"body":"x","receiptHandle":"h-receive-2","attributes":{"ApproximateReceiveCount":"10"},"messageId":"m-1"},
        null,{"messageId":"m-2","body":"y","attributes":{"ApproximateReceiveCount":"?"},"receiptHandle":"h\/2"},
        {"attributes":{"ApproximateReceiveCount":2},"receiptHandle":"h-receive-x-receive-2"}]}"#;
    let second = Batch::from_json(text).unwrap().redelivered().unwrap();
    assert_eq!(second.0.text.replaced(&[]), again);
    let third = second.redelivered().unwrap();
    assert_eq!(third.record(0).unwrap().receipt_handle(), Some("h-receive-3"));
    assert_eq!(third.record(0).unwrap().receive_count(), Some(11));
}

#[test]
fn a_text_in_a_log_can_hide_nothing() {
    let long = "x".repeat(256);
    for (text, shown) in [
        ("m-1 ~", "m-1 ~".to_owned()),
        ("a\u{1b}[2J\n", r"a\u{1b}[2J\u{a}".to_owned()),
        ("a\u{202e}b\u{2066}", r"a\u{202e}b\u{2066}".to_owned()),
        ("a\u{fffe}b\u{ffff}", r"a\u{fffe}b\u{ffff}".to_owned()),
        ("caf\u{e9}", "caf\u{e9}".to_owned()),
        (long.as_str(), long.clone()),
        (&format!("{long}y"), format!("{long}..")),
        (&"\u{e9}".repeat(256), "\u{e9}".repeat(256)),
    ] {
        assert_eq!(loggable(text), shown);
    }
    assert!(matches!(loggable("m-1 ~"), std::borrow::Cow::Borrowed(_)), "the usual id costs nothing");
}

#[test]
fn debug_shows_sizes_and_names_but_no_content() {
    let batch = batch(&[full()]);
    let record = batch.record(0).unwrap();
    assert_eq!(format!("{batch:?}"), format!("Batch {{ records: 1, bytes: {} }}", batch.bytes()));
    assert_eq!(
        format!("{record:?}"),
        "Record { message_id: \"m-2\", queue: Some(QueueArn(eu-west-1, ledger.fifo)), receive_count: Some(3), \
         body_bytes: 4, .. }"
    );
}
