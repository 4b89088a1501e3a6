//! The claim before the handler: promises G1 and G2 of `runtime/docs/idempotency.md`, as far as one process can show them.

mod breaker;
mod company;
mod modes;
mod once;
mod results;
pub(crate) mod wrong;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use std::time::Duration;

use serde_json::json;
use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    claim::{
        ClaimAnswer, ClaimRequest, FailRequest, IdempotencyKey, IdempotencyStore, Key, MemoryStore, Owner, PayloadHash,
    },
    extract::{Body, S3Notification},
    run::Pipeline,
    testkit::{
        ManualClock,
        event::{Event, Message},
    },
};

use self::wrong::Wrong;
use crate::support::{event, outcomes, reasons, record, returned, run, run_again};

/// A consumer whose handler counts its runs and fails on the body "fail".
fn counting(runs: &Arc<AtomicUsize>) -> Consumer {
    let runs = Arc::clone(runs);
    Consumer::new(move |body: Body| {
        let runs = Arc::clone(&runs);
        async move {
            runs.fetch_add(1, SeqCst);
            if body.as_str() == "fail" { Err(Failure::from("asked to fail")) } else { Ok(()) }
        }
    })
}

#[tokio::test]
async fn what_is_done_is_not_run_again() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs));
    let event = event(&[record("m-1", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["already done"]);
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn what_failed_is_released_and_runs_again() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs));
    let event = event(&[record("m-1", "fail")]);
    for attempt in 1..=3 {
        assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["retry"]);
        assert_eq!(runs.load(SeqCst), attempt);
    }
}

#[tokio::test]
async fn without_idempotency_every_delivery_runs() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs).without_idempotency());
    let event = event(&[record("m-1", "x")]);
    run_again(&pipeline, &event).await;
    run_again(&pipeline, &event).await;
    assert_eq!(runs.load(SeqCst), 2);
}

#[tokio::test]
async fn the_same_id_with_another_body_is_a_conflict_and_does_not_run() {
    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs));
    run_again(&pipeline, &event(&[record("m-1", "x")])).await;
    let report = run_again(&pipeline, &event(&[record("m-1", "y")])).await;
    assert_eq!(outcomes(&report), ["rejected"]);
    assert_eq!(reasons(&report), ["the key was completed with another payload"]);
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn a_claim_that_another_holds_is_left_alone() {
    let clock = ManualClock::new();
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let key = IdempotencyKey::derive("orders", &[b"m-1"]);
    let now_ms = u64::try_from(clock.wall().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis());
    let now_ms = now_ms.expect("fits");
    let request =
        ClaimRequest::new(key, Owner::from_bits(1), now_ms + 60_000, now_ms / 1_000 + 3_600, PayloadHash::of(b"x"));
    assert!(matches!(store.claim(&[request], None).await.as_slice(), [ClaimAnswer::Acquired(_)]));

    let runs = Arc::default();
    let pipeline = Pipeline::for_tests(counting(&runs).idempotency(Idempotency::new(store)).clock(clock.clone()));
    let event = event(&[record("m-1", "x")]);
    let report = run_again(&pipeline, &event).await;
    assert_eq!(outcomes(&report), ["in progress elsewhere"]);
    assert_eq!(returned(&report), ["m-1"]);
    // Once the lease is over, and the clocks' skew with it, it is taken over.
    clock.advance(Duration::from_millis(61_001));
    assert_eq!(outcomes(&run_again(&pipeline, &event).await), ["done"]);
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn messages_with_one_key_are_one_piece_of_work() {
    let runs = Arc::default();
    let by_body = || Idempotency::memory().key(Key::by(|record| Some(record.body().to_owned())).same_body());
    let consumer = counting(&runs).idempotency(by_body());
    let report = run(consumer, &event(&[record("m-1", "x"), record("m-2", "x"), record("m-3", "y")])).await;
    assert_eq!(outcomes(&report), ["done", "already done", "done"]);
    assert_eq!(report.outcome_of("m-2"), Some(&sqs_runtime::Outcome::AlreadyDone));
    assert_eq!((report.outcome_of("m-4"), runs.load(SeqCst)), (None, 2));
    // The next of a key runs if the one before it did not succeed.
    let failing = counting(&runs).idempotency(by_body());
    let report = run(failing, &event(&[record("m-1", "fail"), record("m-2", "fail")])).await;
    assert_eq!(outcomes(&report), ["retry", "retry"]);
    assert_eq!(runs.load(SeqCst), 4);
}

#[tokio::test]
async fn a_message_without_its_key_does_not_run() {
    let runs = Arc::default();
    let by_order = Idempotency::memory().key(Key::attribute("order").same_body());
    let consumer = counting(&runs).idempotency(by_order);
    let mut keyed = record("m-2", "x");
    keyed["messageAttributes"] = json!({"order": {"dataType": "String", "stringValue": "A-1"}});
    let mut empty = record("m-3", "x");
    empty["messageAttributes"] = json!({"order": {"dataType": "String", "stringValue": ""}});
    let report = run(consumer, &event(&[record("m-1", "x"), keyed, empty])).await;
    assert_eq!(outcomes(&report), ["rejected", "done", "rejected"]);
    assert_eq!(reasons(&report)[0], "no idempotency key: it is absent, null or empty");
    assert_eq!(runs.load(SeqCst), 1);
}

#[tokio::test]
async fn the_handler_sees_its_key_and_its_fencing_token() {
    let consumer = Consumer::new(|key: IdempotencyKey, delivery: sqs_runtime::handler::Invocation| async move {
        assert!(key.as_str().starts_with("orders#"), "{key}");
        assert_eq!(delivery.time_left(), None);
    });
    assert_eq!(outcomes(&run(consumer, &event(&[record("m-1", "x")])).await), ["done"]);
}

#[tokio::test]
async fn a_store_that_does_not_answer_runs_nothing() {
    for (answer, says) in [
        (Wrong::Unavailable, "the idempotency store is unavailable: throttled"),
        (Wrong::Unknown, "the claim may or may not have been written: timed out"),
        (Wrong::Corrupt, "the stored row is not understood"),
        (Wrong::Missing, "the claim may or may not have been written"),
    ] {
        let runs = Arc::default();
        let report = run(counting(&runs).idempotency(Idempotency::new(answer)), &event(&[record("m-1", "x")])).await;
        assert_eq!((outcomes(&report), reasons(&report)), (vec!["retry"], vec![says.to_owned()]));
        assert_eq!(runs.load(SeqCst), 0);
    }
}

#[tokio::test]
async fn a_success_that_was_not_recorded_is_no_success() {
    for (answer, outcome) in
        [(Wrong::CommitUnknown, "retry"), (Wrong::LeaseLost, "retry"), (Wrong::CompletedElsewhere, "already done")]
    {
        let runs = Arc::default();
        let report = run(counting(&runs).idempotency(Idempotency::new(answer)), &event(&[record("m-1", "x")])).await;
        assert_eq!(outcomes(&report), [outcome], "{answer:?}");
        assert_eq!(runs.load(SeqCst), 1);
    }
}

/// Runs two messages, one after the other, and says what became of them.
async fn two(key: Key, one: &serde_json::Value, other: &serde_json::Value) -> [&'static str; 2] {
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}).idempotency(Idempotency::memory().key(key)));
    let first = outcomes(&run_again(&pipeline, &event(std::slice::from_ref(one))).await)[0];
    [first, outcomes(&run_again(&pipeline, &event(std::slice::from_ref(other))).await)[0]]
}

#[tokio::test]
async fn a_double_send_is_told_from_a_conflict_by_the_fields_that_count() {
    let order = |id: &str, items: &str| record(id, &format!(r#"{{"orderId":"A-1","sentAt":"{id}","items":{items}}}"#));
    let same = || Key::pointer("/orderId").same_fields(["/items"]);
    assert_eq!(two(same(), &order("m-1", "[1, 2]"), &order("m-2", "[1,2]")).await, ["done", "already done"]);
    assert_eq!(two(same(), &order("m-1", "[1,2]"), &order("m-2", "[1,3]")).await, ["done", "rejected"]);
    let to_the_byte = Key::pointer("/orderId").same_body();
    assert_eq!(two(to_the_byte, &order("m-1", "[1]"), &order("m-2", "[1]")).await, ["done", "rejected"]);
    let alone = Key::pointer("/orderId").key_alone();
    assert_eq!(two(alone, &order("m-1", "[1]"), &order("m-2", "[2]")).await, ["done", "already done"]);
}

#[tokio::test]
async fn big_integers_and_repeated_names_cannot_make_two_orders_one() {
    let by_id = || Key::pointer("/id").key_alone();
    let id = |message: &str, id: &str| record(message, &format!(r#"{{"id":{id}}}"#));
    let big = [id("m-1", "20000000000000000001"), id("m-2", "20000000000000000002")];
    assert_eq!(two(by_id(), &big[0], &big[1]).await, ["done", "done"]);
    assert_eq!(two(by_id(), &id("m-1", "1"), &id("m-2", r#"1,"id":2"#)).await, ["done", "rejected"]);
    assert_eq!(two(by_id(), &id("m-1", "1.0"), &id("m-2", "null")).await, ["rejected", "rejected"]);
}

#[tokio::test]
async fn in_an_envelope_the_payload_counts() {
    use sqs_runtime::claim::Envelope;
    let sns = |id: &str| {
        let message = r#"{"orderId":"A-1"}"#;
        let topic = "arn:aws:sns:eu-west-1:123456789012:topic";
        let envelope = json!({"Type": "Notification", "MessageId": id, "TopicArn": topic, "Message": message});
        record(id, &envelope.to_string())
    };
    let event_bridge = |id: &str| record(id, &json!({"id": id, "time": id, "detail": {"orderId": "A-1"}}).to_string());
    let inside = |envelope| Key::pointer("/orderId").inside(envelope).same_body();
    assert_eq!(two(inside(Envelope::Sns), &sns("m-1"), &sns("m-2")).await, ["done", "already done"]);
    let sent = [event_bridge("m-1"), event_bridge("m-2")];
    assert_eq!(two(inside(Envelope::EventBridge), &sent[0], &sent[1]).await, ["done", "already done"]);
    // Raw delivery has no envelope.
    let raw = |id: &str| record(id, r#"{"orderId":"A-1"}"#);
    assert_eq!(two(inside(Envelope::Sns), &sns("m-1"), &raw("m-2")).await, ["done", "already done"]);
}

#[tokio::test]
async fn an_element_is_named_by_its_number_alone() {
    let sent = |id: &str| record(id, r#"{"ids":["A-1"]}"#);
    let by = |pointer: &str| Key::pointer(pointer).key_alone();
    assert_eq!(two(by("/ids/0"), &sent("m-1"), &sent("m-2")).await, ["done", "already done"]);
    // RFC 6901 knows no sign and no zero in front.
    for pointer in ["/ids/+0", "/ids/00", "/ids/-", "/ids/", "/ids/1"] {
        assert_eq!(two(by(pointer), &sent("m-1"), &sent("m-2")).await, ["rejected", "rejected"], "{pointer}");
    }
}

/// With raw delivery a payload may have a field of its own by the name of SNS's. The handler is given all of it, so all of it counts:
/// else the second message would pass for the first and never run.
#[tokio::test]
async fn what_only_looks_like_an_envelope_is_a_payload() {
    use sqs_runtime::claim::Envelope;
    let raw =
        |id: &str, tenant: &str| record(id, &json!({"tenant": tenant, "Message": r#"{"orderId":"A-1"}"#}).to_string());
    let same_order = Key::by(|_| Some("A-1".into())).inside(Envelope::Sns).same_body();
    assert_eq!(two(same_order, &raw("m-1", "blue"), &raw("m-2", "red")).await, ["done", "rejected"]);
    let by_tenant = Key::pointer("/tenant").inside(Envelope::Sns).same_body();
    assert_eq!(two(by_tenant, &raw("m-1", "blue"), &raw("m-2", "red")).await, ["done", "done"]);
}

#[tokio::test]
async fn several_parts_are_one_key_and_each_is_needed() {
    let tenant = |id: &str, tenant: &str| {
        let mut record = record(id, r#"{"orderId":"A-1"}"#);
        record["messageAttributes"] = json!({"tenant": {"dataType": "String", "stringValue": tenant}});
        record
    };
    let both = || Key::attribute("tenant").and(Key::pointer("/orderId")).same_body();
    assert_eq!(two(both(), &tenant("m-1", "blue"), &tenant("m-2", "blue")).await, ["done", "already done"]);
    assert_eq!(two(both(), &tenant("m-1", "blue"), &tenant("m-2", "red")).await, ["done", "done"]);
    assert_eq!(two(both(), &tenant("m-1", "blue"), &record("m-2", r#"{"orderId":"A-1"}"#)).await, ["done", "rejected"]);
}

/// Whoever chooses the part chooses no message's id with it; and what names nothing exactly is still refused.
#[tokio::test]
async fn a_message_without_its_key_may_go_by_its_id() {
    let keyed = |id: &str, key: &str| {
        let mut record = record(id, r#"{"orderId":"A-1"}"#);
        record["messageAttributes"] = json!({"key": {"dataType": "String", "stringValue": key}});
        record
    };
    let by_key = || Key::attribute("key").or_message_id().key_alone();
    let without = |id: &str| record(id, "x");
    assert_eq!(two(by_key(), &keyed("m-1", "k"), &keyed("m-2", "k")).await, ["done", "already done"]);
    assert_eq!(two(by_key(), &without("m-1"), &without("m-1")).await, ["done", "already done"]);
    assert_eq!(two(by_key(), &without("m-1"), &keyed("m-1", "")).await, ["done", "already done"]);
    assert_eq!(two(by_key(), &without("m-1"), &without("m-2")).await, ["done", "done"]);
    assert_eq!(two(by_key(), &without("m-1"), &keyed("m-2", "m-1")).await, ["done", "done"]);
    // Of several parts one is enough to lack, whichever said so.
    let both = || Key::pointer("/orderId").and(Key::attribute("key").or_message_id()).key_alone();
    assert_eq!(two(both(), &keyed("m-1", "k"), &record("m-2", r#"{"orderId":"A-1"}"#)).await, ["done", "done"]);
    assert_eq!(two(both(), &record("m-1", r#"{"orderId":1.5}"#), &without("m-2")).await, ["rejected", "rejected"]);
    let by_body = || Key::pointer("/orderId").or_message_id().same_body();
    assert_eq!(two(by_body(), &record("m-1", "[1]"), &record("m-1", "[2]")).await, ["done", "rejected"]);
}

/// S3's test event has no record for a pointer to find.
#[tokio::test]
async fn the_test_event_of_s3_goes_by_its_id() {
    let by_object = || Key::pointer("/Records/0/s3/object/key");
    let (test_event, upload) = (Message::s3_test_event("b").id("m-1"), Message::s3_notification("b", "k").id("m-2"));
    let event = Event::standard("uploads").message(test_event).message(upload).to_json();
    for (key, outcome) in [(by_object().key_alone(), "rejected"), (by_object().or_message_id().key_alone(), "done")] {
        let consumer = Consumer::new(|_: S3Notification| async {}).idempotency(Idempotency::memory().key(key));
        let report = run(consumer, &event).await;
        assert_eq!(outcomes(&report), [outcome, "done"]);
        assert_eq!(report.nothing_to_do(), usize::from(outcome == "done"));
    }
}

#[tokio::test]
async fn the_deduplication_id_of_a_fifo_queue() {
    let sent = |id: &str| {
        let mut record = crate::support::fifo_record(id, "A", "x");
        record["attributes"]["MessageDeduplicationId"] = json!("d-1");
        record
    };
    let key = || Key::deduplication_id().same_body();
    assert_eq!(two(key(), &sent("m-1"), &sent("m-2")).await, ["done", "already done"]);
    assert_eq!(two(key(), &sent("m-1"), &record("m-2", "x")).await, ["done", "rejected"]);
}

/// What is settled without a claim can make others ready: the first message has no key, so the second of its group does not
/// start, so the third, with the key of the second, must.
#[tokio::test]
async fn what_ends_without_a_claim_does_not_hold_up_what_waited_for_it() {
    let keyed = |id: &str, group: &str, key: &str| {
        let mut record = crate::support::fifo_record(id, group, "x");
        record["messageAttributes"] = json!({"key": {"dataType": "String", "stringValue": key}});
        record
    };
    let by_key = Idempotency::memory().key(Key::attribute("key").same_body());
    let consumer = Consumer::new(|| async {}).idempotency(by_key);
    let records = [keyed("a1", "A", ""), keyed("a2", "A", "k"), keyed("b1", "B", "k")];
    let report = run(consumer, &event(&records)).await;
    assert_eq!(outcomes(&report), ["rejected", "not started", "done"]);
}

#[tokio::test]
async fn a_rejection_is_forgotten_by_its_key() {
    let store = Arc::new(MemoryStore::new(sqs_runtime::SystemClock::new()));
    let idempotency = Idempotency::new(Arc::clone(&store));
    let batch = sqs_runtime::batch::Batch::from_json(event(&[record("m-1", "x")])).expect("an SQS event");
    let key = idempotency.key_of(&batch.record(0).expect("well-formed")).expect("a key");
    assert_eq!(key, IdempotencyKey::derive("orders", &[b"m-1"]));
    let request = ClaimRequest::new(key.clone(), Owner::from_bits(1), u64::MAX, u64::MAX, PayloadHash::of(b"x"));
    let claimed = store.claim(&[request], None).await;
    let [ClaimAnswer::Acquired(lease)] = claimed.as_slice() else { panic!("{claimed:?}") };
    store.fail(&[FailRequest::new(lease.clone(), "1", "declined")], None).await;
    assert_eq!(idempotency.forget(&key).await.ok(), Some(true));
    assert_eq!(idempotency.forget(&key).await.ok(), Some(false));
}
