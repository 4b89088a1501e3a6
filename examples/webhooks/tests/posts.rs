//! What is posted and what is not, and subscribers that give no answer.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/process.rs"]
mod process;
#[path = "support/subscriber.rs"]
mod subscriber;

use std::{net::TcpListener, time::Duration};

use process::{message, process, seconds};
use sqs_runtime::{
    Clock, Idempotency,
    testkit::{
        QueueCall,
        event::{Event, Message},
    },
};
use subscriber::Subscriber;
use webhooks::{BODY_LIMIT, by_event};

#[tokio::test]
async fn a_subscriber_that_is_not_there_is_a_failure_that_others_share() {
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (harness, told) = process(&format!("crm=http://{nobody}/secret"));
    let delivered = harness.deliver(&Event::standard("webhooks").message(message("E-1"))).await;
    let reason = delivered.assert_retried("E-1").because("refused").report().outcome(0).expect("one").reason();
    assert!(!reason.expect("a reason").to_string().contains("secret"), "{delivered:?}");
    assert!(delivered.report().has_shared_failure() && delivered.report().all_failed());
    assert!(seconds(&told.calls())[0] <= 30, "{:?}", told.calls());
}

/// Tokio's time stands still and jumps to the next timer when nothing runs: the time limit costs the test nothing.
#[tokio::test(start_paused = true)]
async fn a_subscriber_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (harness, told) = process(&format!("crm=http://{}/", silent.local_addr().expect("bound")));
    // The deadline would end it as well, much later.
    let harness = harness.deadline(Duration::from_secs(60));
    let before = harness.clock().monotonic();
    let delivered = harness.deliver(&Event::standard("webhooks").message(message("E-1"))).await;
    delivered.assert_retried("E-1").because("timed out");
    let took = harness.clock().monotonic() - before;
    assert!((5..7).contains(&took.as_secs()), "{took:?}");
    assert!(!delivered.report().has_shared_failure());
    assert_eq!(seconds(&told.calls()).len(), 1);
}

#[tokio::test]
async fn the_payload_is_posted_as_it_is_with_the_same_key_each_time() {
    let subscriber = Subscriber::start([(500, None)]).await;
    let (harness, _) = process(&subscriber.setting());
    let event = Event::standard("webhooks").message(message("E-1"));
    let first = harness.deliver(&event).await;
    first.assert_retried("E-1");
    harness.redeliver(&first).await.assert_done("E-1");
    harness
        .deliver(&Event::standard("webhooks").message(message("E-1").id("sent again")))
        .await
        .assert_already_done("sent again");

    let record = event.to_batch().record(0).expect("a record");
    let key = by_event(Idempotency::memory()).key_of(&record).expect("a key");
    let posts = subscriber.posts();
    assert_eq!((posts.len(), &posts[0]), (2, &posts[1]));
    assert_eq!((posts[0].key.as_str(), posts[0].content_type.as_str()), (key.hash(), "application/json"));
    assert_eq!(posts[0].body, r#"{"of": 1.50}"#);
}

#[tokio::test]
async fn what_is_no_event_or_too_large_or_for_nobody_is_posted_to_nobody() {
    let subscriber = Subscriber::start([]).await;
    let (harness, told) = process(&subscriber.setting());
    let text = |id: &str, body: String| Message::text(body).id(id);
    let for_nobody = r#"{"eventId":"E-1","subscriber":"stranger","payload":1}"#;
    let large = format!(r#"{{"eventId":"E-1","subscriber":"crm","payload":"{}"}}"#, "x".repeat(BODY_LIMIT));
    let event =
        Event::standard("webhooks").message(text("for nobody", for_nobody.into())).message(text("large", large));
    let event = event.message(text("no payload", r#"{"eventId":"E-2","subscriber":"crm"}"#.into()));
    let delivered = harness.deliver(&event).await;
    delivered.assert_rejected("for nobody").because("nobody knows the subscriber");
    delivered.assert_rejected("large").because("more than the consumer's body limit").assert_runs("large", 0);
    delivered.assert_rejected("no payload").because("lacks the field `payload`");
    assert!(subscriber.posts().is_empty());
    for id in ["for nobody", "no payload"] {
        let is_its_copy =
            |call: &&QueueCall| matches!(call, QueueCall::SendToDeadLetter { message_id, .. } if message_id == id);
        assert_eq!(told.calls().iter().filter(is_its_copy).count(), 1, "{id}: {:?}", told.calls());
    }
}
