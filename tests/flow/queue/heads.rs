//! The first of a FIFO group that fails at each receive: those behind it keep a delivery of their own.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::pending};
use sqs_runtime::{
    Clock, Consumer, Delivery, Idempotency,
    claim::{Key, MemoryStore},
    extract::Body,
    queue::{Backoff, Queue},
    testkit::{
        ManualClock, RecordingQueue,
        event::{Event, Message},
        harness::Harness,
    },
};
use tower::util::MapRequestLayer;

use super::{copied, hidden, obey};
use crate::claim::wrong::Wrong;

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:ledger-dead.fifo";

/// A queue whose messages are moved at their sixth receive.
fn queue(told: &Arc<RecordingQueue>) -> Queue {
    Queue::new(Arc::clone(told)).dead_letter_queue(DEAD).max_receive_count(5)
}

/// One in front that says this, and one behind it that is fine.
fn group(head: &str, receives: u32) -> Event {
    let message = |id: &str, body: &str| Message::text(body).id(id).group("a").receive_count(receives);
    Event::fifo("ledger").message(message("a1", head)).message(message("a2", "ok"))
}

/// Delivers a group whose head fails in a way of its own: at first it comes back, at its last receive but one it makes way.
async fn makes_way(consumer: Consumer, head: &str) {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(consumer.queue(queue(&told)));
    harness.deliver(&group(head, 3)).await.assert_returned(["a1", "a2"]);
    harness.deliver(&group(head, 4)).await.assert_dead_lettered("a1").assert_done("a2").assert_returned([]);
    assert_eq!(copied(&told), ["a1"]);
}

#[tokio::test]
async fn one_that_fails_in_a_layer_makes_way() {
    let refuse = |delivery: Delivery| {
        assert_ne!(delivery.record().body(), "closed", "the layer fails");
        delivery
    };
    makes_way(Consumer::new(obey).layer(MapRequestLayer::new(refuse)).without_idempotency(), "closed").await;
}

#[tokio::test]
async fn one_whose_key_cannot_be_taken_makes_way() {
    let key = Key::by(|record| {
        assert_ne!(record.body(), "odd", "a bug in the function");
        Some(record.message_id().to_owned())
    });
    makes_way(Consumer::new(obey).idempotency(Idempotency::memory().key(key.same_body())), "odd").await;
}

/// Alone, since a store that understands no row has none for those behind it either.
#[tokio::test]
async fn one_whose_row_is_not_understood_makes_way() {
    let told = Arc::new(RecordingQueue::new());
    let consumer = Consumer::new(obey).idempotency(Idempotency::new(Wrong::Corrupt)).queue(queue(&told));
    let event = Event::fifo("ledger").message(Message::text("ok").id("a1").group("a").receive_count(4));
    Harness::new(consumer).deliver(&event).await.assert_dead_lettered("a1");
}

/// Neither is the message's own: nobody is at fault in an outage, and whose success may be recorded comes back to find that out.
#[tokio::test]
async fn an_outage_and_an_unknown_success_make_nobody_go() {
    for wrong in [Wrong::Unavailable, Wrong::Unknown, Wrong::Missing, Wrong::CommitUnknown, Wrong::LeaseLost] {
        let told = Arc::new(RecordingQueue::new());
        let consumer = Consumer::new(obey).idempotency(Idempotency::new(wrong)).queue(queue(&told));
        Harness::new(consumer).deliver(&group("ok", 4)).await.assert_returned(["a1", "a2"]);
        assert_eq!(copied(&told), [""; 0], "{wrong:?}");
    }
}

/// What was damaged on the way is not what was sent: a copy of it, and then a delete, would lose the message.
#[tokio::test]
async fn no_copy_is_made_of_what_was_damaged() {
    let told = Arc::new(RecordingQueue::new());
    let damaged = group("ok", 4).to_json().replacen(r#""body":"ok""#, r#""body":"no""#, 1);
    let event = Event::from_json(&damaged).expect("an SQS event");
    let harness = Harness::new(Consumer::new(obey).verify_md5(true).without_idempotency().queue(queue(&told)));
    harness.deliver(&event).await.assert_returned(["a1", "a2"]);
    assert_eq!(copied(&told), [""; 0]);
}

/// Better a copy that says less than a group that goes along.
#[tokio::test]
async fn one_that_leaves_no_room_for_a_reason_makes_way() {
    let told = Arc::new(RecordingQueue::new());
    let full = |id: &str, body: &str| {
        let message = Message::text(body).id(id).receive_count(1);
        (0..10).fold(message, |message, n| message.attribute(format!("a{n}"), "v"))
    };
    let harness = Harness::new(Consumer::new(obey).without_idempotency().queue(queue(&told)));
    let event = Event::fifo("ledger").message(full("a1", "reject")).message(full("a2", "ok"));
    harness.deliver(&event).await.assert_dead_lettered("a1").assert_done("a2");
    // On a standard queue nobody waits behind it: there the redrive policy moves it whole.
    harness.deliver(&Event::standard("orders").message(full("m", "reject"))).await.assert_returned(["m"]);
}

/// One run that nobody heard the end of may be another's crash, or a success whose record got lost.
#[tokio::test]
async fn at_its_last_receive_one_that_was_not_heard_of_once_has_its_run() {
    for (unheard, outcome) in [(1, "done"), (2, "rejected")] {
        let (clock, told) = (ManualClock::new(), Arc::new(RecordingQueue::new()));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let idempotency = || Idempotency::new(Arc::clone(&store));
        for receives in 1..=unheard {
            let dies = Consumer::new(pending::<()>).idempotency(idempotency());
            let process = Harness::on_clock(dies, clock.clone());
            assert!(process.deliver(&group("ok", receives)).now_or_never().is_none(), "it never ends by itself");
            clock.advance(Duration::from_secs(120));
        }
        let consumer = Consumer::new(obey).idempotency(idempotency()).queue(queue(&told));
        let delivered = Harness::on_clock(consumer, clock).deliver(&group("ok", 5)).await;
        delivered.assert_done("a2").assert_returned([]);
        assert_eq!(delivered.report().outcome_of("a1").map(sqs_runtime::Outcome::name), Some(outcome), "{unheard}");
    }
}

/// They did not fail, and SQS hands out none of them before their head: what they wait longer, their group does.
#[tokio::test]
async fn followers_of_one_that_ran_out_of_time_are_given_back_at_once() {
    let (clock, told) = (ManualClock::new(), Arc::new(RecordingQueue::new()));
    let work = clock.clone();
    let consumer = Consumer::new(move |_: Body| work.sleep(Duration::from_secs(3_600))).without_idempotency();
    let queue = Queue::new(Arc::clone(&told)).backoff(Backoff::fixed(Duration::from_secs(40)));
    let consumer = consumer.concurrency(1).queue(queue);
    let harness = Harness::on_clock(consumer, clock).deadline(Duration::from_secs(30));
    let delivered = harness.deliver(&group("ok", 1)).await;
    delivered.assert_retried("a1").because("time ran out");
    delivered.assert_not_started("a2").because("too little time");
    // On a standard queue they would come back to a function that has no time, and spend a receive each time.
    let event = Event::standard("orders").message(Message::text("ok").id("m1")).message(Message::text("ok").id("m2"));
    harness.deliver(&event).await.assert_not_started("m2");
    assert_eq!(hidden(&told), [("a1", 40), ("a2", 0), ("m1", 40), ("m2", 40)].map(|(id, time)| (id.to_owned(), time)));
}
