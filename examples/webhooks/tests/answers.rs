//! What each answer comes to, and what the queue is told. The subscriber is real, and no time passes but the kit's.
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

use std::time::Duration;

use process::{message, process, seconds};
use sqs_runtime::testkit::{QueueCall, event::Event, harness::Delivered};
use subscriber::{Answer, Subscriber};

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
