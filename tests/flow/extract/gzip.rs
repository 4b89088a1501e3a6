//! Bodies that are base64 of gzip: what is read, what is refused, and how much is ever in memory.

use std::io::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;
use sqs_runtime::{
    Consumer, Idempotency,
    claim::{Envelope, Key},
    extract::{Gzip, GzipRejection, Json, TooLarge},
    outcome::ReasonClass,
    run::Pipeline,
    testkit::event::{Event, Message},
};

use crate::support::{event, outcomes, reasons, record, run, run_again};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
}

fn gzip(payload: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(payload).unwrap();
    encoder.finish().unwrap()
}

fn body(payload: &[u8]) -> String {
    STANDARD.encode(gzip(payload, Compression::best()))
}

fn consumer() -> Consumer {
    Consumer::new(|Gzip(Json(order)): Gzip<Json<Order>>| async move { assert_eq!(order.order_id, "A-1") })
}

/// What is said of a body that is refused: whether it is base64 at least, where it breaks, and in words.
fn refused(body: &str) -> (bool, Option<usize>, String) {
    let failure = Gzip::<Vec<u8>>::read(body).expect_err("refused");
    assert!(failure.is_reject(), "{failure:?}");
    let Some(rejection) = failure.error().downcast_ref::<GzipRejection>() else { panic!("{failure:?}") };
    (rejection.is_base64(), rejection.offset(), rejection.to_string())
}

#[tokio::test]
async fn a_compressed_body_is_read_or_rejected_alone() {
    let order = br#"{"orderId":"A-1"}"#;
    let good = body(order);
    let bodies =
        [&good, good.trim_end_matches('='), &body(b"{}"), "{", r#"{"orderId":"A-1"}"#, "", &good[..good.len() / 2]];
    let records: Vec<_> = bodies.iter().enumerate().map(|(n, body)| record(&format!("m-{n}"), body)).collect();
    let report = run(consumer(), &event(&records)).await;
    assert_eq!(outcomes(&report)[..2], ["done", "done"], "with padding and without");
    assert!(outcomes(&report)[2..].iter().all(|outcome| *outcome == "rejected"), "{report:?}");
    assert_eq!(reasons(&report)[2], "the JSON lacks the field `orderId` (line 1, column 2)");
    assert_eq!(reasons(&report)[3], "the body is not base64 (byte 0)");
    assert_eq!(reasons(&report)[5], "the body is not whole gzip (byte 0 of it)");
}

#[test]
fn what_is_broken_says_where() {
    let good = body(b"a payload that is long enough to be cut");
    let inserted = format!("{}\n{}", &good[..20], &good[20..]);
    assert_eq!(refused(&inserted), (false, Some(20), "the body is not base64 (byte 20)".to_owned()));
    assert_eq!(refused(&good[..good.len() - 3]).1, None, "a length that base64 never has");
    let compressed = gzip(b"a payload that is long enough to be cut", Compression::best());
    for cut in [1, 5, 10, 20, compressed.len() - 1] {
        let (is_base64, offset, _) = refused(&STANDARD.encode(&compressed[..cut]));
        assert_eq!((is_base64, offset), (true, Some(cut)));
    }
    let mut wrong_sum = compressed.clone();
    let sum = compressed.len() - 8;
    wrong_sum[sum] ^= 1;
    let (is_base64, offset, _) = refused(&STANDARD.encode(&wrong_sum));
    assert!(is_base64 && offset.is_some_and(|offset| offset >= sum), "{offset:?}");
    assert!(refused(&STANDARD.encode([&compressed[..], b"tail"].concat())).0, "text behind the end is not dropped");
}

#[tokio::test]
async fn a_bomb_is_too_large_by_its_length_and_by_its_ratio() {
    let zeros = vec![b'0'; 9 * 1024 * 1024];
    let dense = body(&zeros);
    let consumer = Consumer::new(|_: Gzip<String>| async {});
    let report = run(consumer, &event(&[record("m-1", &dense)])).await;
    let reason = report.outcome(0).and_then(|outcome| outcome.reason()).expect("it failed");
    assert_eq!((outcomes(&report)[0], reason.class()), ("rejected", ReasonClass::TooLarge));
    // By its ratio, which at some 1000 is met long before 8 MiB.
    let compressed = STANDARD.decode(&dense).unwrap().len();
    assert_eq!(reason.to_string(), format!("the payload is too large: it has more than {} bytes", 200 * compressed));
    let limit = |failure: sqs_runtime::Failure| failure.error().downcast_ref().map(TooLarge::limit);
    let loose = Gzip::<String, { 8 * 1024 * 1024 }, 2000>::read(&dense).map_err(limit);
    assert_eq!(loose.expect_err("by its length"), Some(8 * 1024 * 1024));
    let large = Gzip::<String, { 9 * 1024 * 1024 }, 2000>::read(&dense);
    assert!(large.is_ok_and(|Gzip(payload)| payload.len() == zeros.len()));
}

#[tokio::test]
async fn text_and_bytes_stand_within_too() {
    let binary = body(&[0xff, 0xfe]);
    assert!(Gzip::<Vec<u8>>::read(&binary).is_ok_and(|Gzip(bytes)| bytes == [0xff, 0xfe]));
    let report = run(Consumer::new(|_: Gzip<String>| async {}), &event(&[record("m-1", &binary)])).await;
    assert_eq!((outcomes(&report)[0], reasons(&report)[0].as_str()), ("rejected", "the payload is not UTF-8 (byte 0)"));
    let text = Consumer::new(|Gzip(text): Gzip<String>| async move { assert_eq!(text, "hello") });
    let event = Event::standard("orders").message(Message::text("hello").in_gzip()).to_json();
    assert_eq!(outcomes(&run(text, &event).await), ["done"]);
}

#[tokio::test]
async fn a_pointer_says_what_would_read_it() {
    let body = r#"["com.amazon.sqs.javamessaging.MessageS3Pointer",{"s3BucketName":"b","s3Key":"k"}]"#;
    let report = run(consumer(), &event(&[record("m-1", body)])).await;
    assert!(reasons(&report)[0].contains("`extract::Offloaded<Gzip<..>>`"), "{:?}", reasons(&report));
}

#[tokio::test]
async fn a_key_within_the_payload_names_an_order_however_it_was_compressed() {
    let key = Key::by(|record| Gzip::<Json<Order>>::read(record.body()).ok().map(|Gzip(Json(order))| order.order_id));
    let consumer = consumer().idempotency(Idempotency::memory().key(key.key_alone()));
    let pipeline = Pipeline::for_tests(consumer);
    let order = br#"{"orderId":"A-1"}"#;
    let stored = STANDARD.encode(gzip(order, Compression::none()));
    assert_ne!(stored, body(order));
    assert_eq!(outcomes(&run_again(&pipeline, &event(&[record("m-1", &body(order))])).await), ["done"]);
    let again = event(&[record("m-2", &stored), record("m-3", "broken")]);
    assert_eq!(outcomes(&run_again(&pipeline, &again).await), ["already done", "rejected"]);
}

#[tokio::test]
async fn in_gzip_the_payload_counts() {
    let by_order = || Key::pointer("/orderId").inside(Envelope::Gzip);
    let order = br#"{"orderId":"A-1"}"#;
    let stored = STANDARD.encode(gzip(order, Compression::none()));
    let other = body(br#"{"orderId":"A-1","cents":1}"#);
    for (key, third) in [(by_order().same_body(), "rejected"), (by_order().same_fields(["/items"]), "already done")] {
        let pipeline = Pipeline::for_tests(consumer().idempotency(Idempotency::memory().key(key)));
        let sent = [&body(order), &stored, &other, &body(br#"{"orderId":"A-1""#), &body(b"{}")];
        let mut seen = Vec::new();
        for (n, body) in sent.iter().enumerate() {
            seen.push(outcomes(&run_again(&pipeline, &event(&[record(&format!("m-{n}"), body)])).await)[0]);
        }
        assert_eq!(seen, ["done", "already done", third, "rejected", "rejected"]);
    }
}

/// Whether it is its key that finds out or its argument.
#[tokio::test]
async fn what_cannot_be_decompressed_is_rejected_for_the_same_reason() {
    let bodies = ["broken!", "", &body(&[0xff]), &body(&vec![b'0'; 9 * 1024 * 1024]), &body(b"good")];
    let records: Vec<_> = bodies.iter().enumerate().map(|(n, body)| record(&format!("m-{n}"), body)).collect();
    let consumer = || Consumer::new(|_: Gzip<String>| async {});
    let by_argument = run(consumer(), &event(&records)).await;
    let key = Key::by(|record| Some(record.message_id().to_owned())).inside(Envelope::Gzip).same_body();
    let by_key = run(consumer().idempotency(Idempotency::memory().key(key)), &event(&records)).await;
    assert_eq!(outcomes(&by_key), ["rejected", "rejected", "rejected", "rejected", "done"]);
    for index in 0..records.len() {
        assert_eq!(by_key.outcome(index), by_argument.outcome(index));
    }
    let runs = by_key.records().map(|record| record.runs);
    assert_eq!(runs.collect::<Vec<_>>(), [0, 0, 0, 0, 1]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_was_compressed_comes_back_and_nothing_else_panics(
        payload: Vec<u8>,
        level in 0..10_u32,
        place: proptest::sample::Index,
        other: u8,
    ) {
        let mut compressed = gzip(&payload, Compression::new(level));
        let read = Gzip::<Vec<u8>>::read(&STANDARD.encode(&compressed));
        assert_eq!(read.expect("gzip").0, payload);
        // One byte is another. Most of the header's mean nothing; all else is under the checksum.
        let place = place.index(compressed.len());
        let is_header = place < 10;
        compressed[place] = other;
        if let Ok(Gzip(read)) = Gzip::<Vec<u8>>::read(&STANDARD.encode(&compressed)) {
            assert!(is_header || read == payload, "byte {place} changed the payload");
        }
        let _ = Gzip::<Vec<u8>>::read(&String::from_utf8_lossy(&payload));
    }
}
