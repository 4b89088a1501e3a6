//! Payloads that the extended client put elsewhere: what is fetched, what never is, and what comes of it.

use serde::Deserialize;
use sqs_runtime::{
    Consumer,
    extract::{Body, FromRef, Gzip, Json, Offloaded, Payloads, State},
    outcome::ReasonClass,
    testkit::{
        MemoryPayloads,
        event::{Event, Message},
    },
};

use crate::support::{event, fixture, outcomes, reasons, record, run};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
}

const ORDER: &str = r#"{"orderId":"A-1"}"#;

/// The bucket and key of the recorded pointer.
const RECORDED: (&str, &str) = ("example-bucket", "0b5d2c1e-4f83-4c67-9a51-7e8d90a1b2c3");

async fn place(Offloaded(Json(order)): Offloaded<Json<Order>>) {
    assert_eq!(order.order_id, "A-1");
}

fn store(payload: impl Into<Vec<u8>>) -> MemoryPayloads {
    let store = MemoryPayloads::new();
    store.put(RECORDED.0, RECORDED.1, payload);
    store
}

fn consumer(store: &MemoryPayloads) -> Consumer {
    Consumer::new(place).state(Payloads::new(store.clone(), [RECORDED.0]))
}

#[tokio::test]
async fn a_pointer_is_followed_and_another_body_is_the_payload() {
    let store = store(ORDER);
    assert_eq!(outcomes(&run(consumer(&store), &fixture("s3-pointer.json")).await), ["done"]);
    assert_eq!(store.fetched(), [(RECORDED.0.to_owned(), RECORDED.1.to_owned())]);
    let old = r#" [ "com.amazon.sqs.javamessaging.MessageS3Pointer", {"s3BucketName":"example-bucket",
        "s3Key":"0b5d2c1e-4f83-4c67-9a51-7e8d90a1b2c3","other":1} ]"#;
    let both = event(&[record("m-1", old), record("m-2", ORDER)]);
    assert_eq!(outcomes(&run(consumer(&store), &both).await), ["done", "done"]);
    assert_eq!(store.fetched().len(), 2, "the second body holds its payload");
}

#[tokio::test]
async fn another_bucket_is_never_asked() {
    let store = store(ORDER);
    store.put("of-somebody-else", "k", ORDER);
    for bucket in ["of-somebody-else", "", "Example-bucket", "example-bucket/", "example-bucket\u{0}"] {
        let event = Event::standard("orders").message(Message::s3_pointer(bucket, "k")).to_json();
        let report = run(consumer(&store), &event).await;
        assert_eq!(outcomes(&report), ["rejected"]);
        assert_eq!(reasons(&report), ["the pointer leads to a bucket that payloads are not read from"]);
    }
    assert_eq!(store.fetched(), []);
}

#[tokio::test]
async fn a_broken_pointer_is_rejected() {
    let store = store(ORDER);
    let class = "software.amazon.payloadoffloading.PayloadS3Pointer";
    for rest in ["", ",{}]", r#",{"s3BucketName":"example-bucket"}]"#, ",7]", "]"] {
        let report = run(consumer(&store), &event(&[record("m-1", &format!(r#"["{class}"{rest}"#))])).await;
        assert_eq!(outcomes(&report), ["rejected"], "{rest}");
        assert_eq!(reasons(&report), ["the pointer to a payload in S3 names no bucket and key"], "{rest}");
    }
    let near = event(&[record("m-1", &format!(r#"["{class}X",{{}}]"#))]);
    let report = run(consumer(&store), &near).await;
    assert_eq!(outcomes(&report), ["rejected"]);
    assert!(reasons(&report)[0].contains("JSON") && !reasons(&report)[0].contains("pointer"), "{:?}", reasons(&report));
}

#[tokio::test]
async fn what_the_store_says_decides() {
    let pointer = fixture("s3-pointer.json");
    let missing = run(consumer(&MemoryPayloads::new()), &pointer).await;
    assert_eq!(outcomes(&missing), ["rejected"]);
    let reason = missing.outcome(0).and_then(|outcome| outcome.reason()).expect("it failed");
    assert_eq!(reason.class(), ReasonClass::Extract);
    assert!(!reason.is_remembered(), "the object may be put back by hand");
    let store = store(ORDER);
    store.down(true);
    let down = run(consumer(&store), &pointer).await;
    assert_eq!(outcomes(&down), ["retry"]);
    assert_eq!(reasons(&down), ["the payload could not be fetched: the store is down"]);
    assert!(down.outcome(0).and_then(|outcome| outcome.reason()).is_some_and(|reason| reason.is_shared()));
}

#[tokio::test]
async fn a_payload_above_the_cap_is_too_large() {
    let store = store(ORDER);
    for (cap, outcome) in [(ORDER.len(), "done"), (ORDER.len() - 1, "rejected")] {
        let payloads = Payloads::new(store.clone(), [RECORDED.0]).max_bytes(cap);
        let report = run(Consumer::new(place).state(payloads), &fixture("s3-pointer.json")).await;
        assert_eq!(outcomes(&report), [outcome]);
        let class = report.outcome(0).and_then(|outcome| outcome.reason()).map(|reason| reason.class());
        assert_eq!(class, (outcome == "rejected").then_some(ReasonClass::TooLarge));
    }
}

#[tokio::test]
async fn a_part_of_the_state_and_a_compressed_payload() {
    #[derive(Clone)]
    struct App {
        payloads: Payloads,
        name: &'static str,
    }
    impl FromRef<App> for Payloads {
        fn from_ref(app: &App) -> Self {
            app.payloads.clone()
        }
    }
    async fn read(State(app): State<App>, Offloaded(Gzip(Json(order))): Offloaded<Gzip<Json<Order>>>, body: Body) {
        assert_eq!((app.name, order.order_id.as_str()), ("shop", "A-1"));
        assert!(!body.contains("orderId"), "the body as it came");
    }
    // What a sender compresses, in base64 and as it is.
    let text = Event::standard("orders").message(Message::text(ORDER).in_gzip()).to_batch();
    let text = text.record(0).unwrap().body().to_owned();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &text).unwrap();
    for payload in [text.into_bytes(), bytes] {
        let app = App { payloads: Payloads::new(store(payload), [RECORDED.0]), name: "shop" };
        let report = run(Consumer::new(read).state(app), &fixture("s3-pointer.json")).await;
        assert_eq!(outcomes(&report), ["done"], "{:?}", reasons(&report));
    }
}
