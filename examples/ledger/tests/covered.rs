//! An entry that its account does not cover: rejected, and not for ever.
#![allow(clippy::expect_used, clippy::unimplemented, reason = "a test says what is wrong by panicking")]

#[path = "support/bank.rs"]
mod bank;
#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "there is no server here")]
mod dynamodb;
#[path = "../../../tests/shared/in_process.rs"]
mod in_process;

use std::sync::Arc;

use bank::{Bank, entry};
use sqs_runtime::{
    queue::Queue,
    testkit::{ManualClock, QueueCall, RecordingQueue, event::Event, harness::Harness},
};

const UNCOVERED: &str = "the account does not cover the entry";

/// What would cover the second entry stands behind it.
fn event() -> Event {
    let event = Event::fifo("ledger").message(entry("A", 1, 100)).message(entry("A", 2, -101));
    event.message(entry("A", 3, 50))
}

async fn bank(told: &Arc<RecordingQueue>) -> (Bank<ManualClock>, Harness) {
    let clock = ManualClock::new();
    let bank = Bank::open(clock.clone()).await;
    let queue = Queue::new(Arc::clone(told)).dead_letter_queue("arn:aws:sqs:eu-west-1:123456789012:ledger-dead.fifo");
    let harness = Harness::on_clock(bank.consumer().queue(queue.max_receive_count(5)), clock);
    (bank, harness)
}

#[tokio::test]
async fn it_is_rejected_and_its_account_goes_on() {
    let told = Arc::new(RecordingQueue::new());
    let (bank, harness) = bank(&told).await;
    let delivered = harness.deliver(&event()).await;
    delivered.assert_rejected("A2").because(UNCOVERED);
    delivered.assert_done("A3").assert_returned([]);
    assert_eq!(bank.balances().await, ["A 150 of 2"]);
    assert!(matches!(&told.calls()[..], [QueueCall::SendToDeadLetter { message_id, .. }] if message_id == "A2"));
}

/// A retry would find the same balance each time: the account has nothing but what stands behind the entry.
#[tokio::test]
async fn tried_again_it_would_find_nothing_new() {
    let clock = ManualClock::new();
    let bank = Bank::open(clock.clone()).await;
    // Without a dead-letter queue a rejected entry comes back like one that is to be tried again.
    let harness = Harness::on_clock(bank.consumer(), clock);
    let mut delivered = harness.deliver(&event()).await;
    for _ in 0..3 {
        delivered.assert_rejected("A2").because(UNCOVERED);
        delivered.assert_not_started("A3").because("its group failed");
        delivered = harness.deliver(&delivered.returned()).await;
    }
    assert_eq!(bank.balances().await, ["A 100 of 1"]);
}

#[tokio::test]
async fn moved_back_later_it_is_posted_if_its_account_covers_it_by_then() {
    let told = Arc::new(RecordingQueue::new());
    let (bank, harness) = bank(&told).await;
    harness.deliver(&event()).await.assert_rejected("A2").because(UNCOVERED);
    // A redrive makes another message of it, with another id.
    let again = Event::fifo("ledger").message(entry("A", 2, -101).id("A2 again"));
    harness.deliver(&again).await.assert_done("A2 again");
    assert_eq!(bank.balances().await, ["A 49 of 3"]);
}

#[tokio::test]
async fn what_an_account_has_covers_an_entry_to_the_cent() {
    let (bank, harness) = bank(&Arc::default()).await;
    bank.give("A", 30).await;
    let event = Event::fifo("ledger").message(entry("A", 1, -30)).message(entry("B", 1, -1));
    let delivered = harness.deliver(&event).await;
    delivered.assert_done("A1").assert_rejected("B1").because(UNCOVERED);
    assert_eq!(bank.balances().await, ["A 0 of 1"]);
}
