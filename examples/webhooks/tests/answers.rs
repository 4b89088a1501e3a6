//! What each answer comes to, and what the queue is told. The subscriber is real, and no time passes but the kit's.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

#[path = "support/subscriber.rs"]
mod subscriber;

use std::{net::TcpListener, sync::Arc, time::Duration};

use sqs_runtime::{
    Clock, Idempotency,
    queue::Queue,
    testkit::{
        ManualClock, QueueCall, RecordingQueue,
        event::{Event, Message},
        harness::{Delivered, Harness},
    },
};
use subscriber::{Answer, Subscriber};
use webhooks::{BODY_LIMIT, Courier, Subscribers, backing_off, by_event, consumer};

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:webhooks-dead";

/// A process with these subscribers, and what its queue was told.
fn process(subscribers: &str) -> (Harness, Arc<RecordingQueue>) {
    let (clock, told) = (ManualClock::new(), Arc::new(RecordingQueue::new()));
    let courier = Courier::new(Subscribers::parse(subscribers).expect("a setting")).expect("a client");
    let queue = backing_off(Queue::new(Arc::clone(&told)).dead_letter_queue(DEAD));
    // As on Lambda, where a rejection may be remembered.
    let idempotency = Idempotency::memory().handler_version("1");
    let consumer = consumer(idempotency, courier.clock(clock.clone())).queue(queue);
    (Harness::on_clock(consumer, clock), told)
}

fn message(id: &str) -> Message {
    Message::text(format!(r#"{{"eventId":"{id}","subscriber":"crm","payload":{{"of": 1.50}}}}"#)).id(id)
}

/// One event, and its subscriber's one answer.
async fn answered(answer: Answer) -> (Delivered, Vec<QueueCall>) {
    let subscriber = Subscriber::start([answer]).await;
    let (harness, told) = process(&subscriber.setting());
    let delivered = harness.deliver(&Event::standard("webhooks").message(message("E-1"))).await;
    assert_eq!(subscriber.posts().len(), 1, "no redirect is followed, and nothing is tried again at once");
    (delivered, told.calls())
}

fn hidden(seconds: u64) -> [QueueCall; 1] {
    [QueueCall::ChangeVisibility { message_id: "E-1".into(), timeout: Duration::from_secs(seconds) }]
}

/// For how many seconds each message was hidden.
fn seconds(calls: &[QueueCall]) -> Vec<u64> {
    let of = |call: &QueueCall| match call {
        QueueCall::ChangeVisibility { timeout, .. } => timeout.as_secs(),
        other => panic!("{other:?}"),
    };
    calls.iter().map(of).collect()
}

#[tokio::test]
async fn any_2xx_is_done_and_the_queue_is_told_nothing() {
    for status in [200, 201, 202, 204] {
        let (delivered, told) = answered((status, None)).await;
        delivered.assert_done("E-1").assert_returned([]);
        assert_eq!(told, []);
    }
}

/// The kit's clock stands at 2027-01-15 08:00:00 UTC.
#[tokio::test]
async fn a_subscriber_that_says_when_is_asked_again_then() {
    for status in [429, 503] {
        for (when, seconds) in [("120", 120), ("0", 0), ("Fri, 15 Jan 2027 08:30:00 GMT", 1_800)] {
            let (delivered, told) = answered((status, Some(("retry-after", when)))).await;
            delivered.assert_retried("E-1").because(&format!("the subscriber answered {status}"));
            assert_eq!(told, hidden(seconds), "{status} {when}");
        }
    }
    // Not longer than SQS hides a message: 12 h, less what may lie between receive and invocation.
    let (_, told) = answered((429, Some(("retry-after", "864000")))).await;
    assert_eq!(told, hidden(12 * 3_600 - 600));
}

#[tokio::test]
async fn what_it_will_never_take_goes_to_the_dead_letter_queue_at_once() {
    for status in [400, 404, 410] {
        let (delivered, told) = answered((status, None)).await;
        delivered.assert_rejected("E-1").because(&format!("the subscriber answered {status} (sent to the dead-"));
        delivered.assert_returned([]);
        let reason = "the handler failed".to_owned();
        assert_eq!(told, [QueueCall::SendToDeadLetter { message_id: "E-1".into(), reason }]);
    }
}

/// Somebody mended the subscriber, and moved the message back: it is another message then.
#[tokio::test]
async fn moved_back_it_is_posted_again() {
    let subscriber = Subscriber::start([(410, None)]).await;
    let (harness, _) = process(&subscriber.setting());
    harness.deliver(&Event::standard("webhooks").message(message("E-1"))).await.assert_rejected("E-1");
    let again = Event::standard("webhooks").message(message("E-1").id("moved back"));
    harness.deliver(&again).await.assert_done("moved back");
    assert_eq!(subscriber.posts().len(), 2);
}

#[tokio::test]
async fn everything_else_is_tried_again() {
    let elsewhere = Some(("location", "/hooks"));
    let answers = [(500, None), (502, None), (503, None), (429, None), (429, Some(("retry-after", "soon")))];
    for answer in answers.into_iter().chain([(401, None), (403, None), (302, elsewhere), (307, elsewhere)]) {
        let (delivered, told) = answered(answer).await;
        delivered.assert_retried("E-1").because(&format!("the subscriber answered {}", answer.0));
        assert!(!delivered.report().has_shared_failure(), "the others may be well");
        let [seconds] = seconds(&told)[..] else { panic!("{told:?}") };
        assert!(seconds <= 30, "{seconds}");
    }
}

#[tokio::test]
async fn it_is_asked_later_each_time() {
    let subscriber = Subscriber::start([(500, None); 300]).await;
    let (harness, told) = process(&subscriber.setting());
    let mut longest = Vec::new();
    for receives in [1, 3, 20] {
        let messages = (0..100).map(|n| message(&format!("E-{receives}-{n}")).receive_count(receives));
        harness.deliver(&Event::standard("webhooks").messages(messages)).await;
        let calls = told.calls();
        longest.extend(seconds(&calls[calls.len() - 100..]).into_iter().max());
    }
    // Drawn up to 30 s, doubled with each receive, an hour at most.
    for (longest, most) in longest.iter().zip([30, 120, 3_600]) {
        assert!(*longest <= most && *longest > most * 8 / 10, "{longest} of {most}");
    }
}

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
