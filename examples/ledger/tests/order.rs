//! Order within an account, accounts beside each other, and what stops one.
#![allow(clippy::expect_used, clippy::unimplemented, reason = "a test says what is wrong by panicking")]

#[path = "support/bank.rs"]
mod bank;
#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "there is no server here")]
mod dynamodb;
#[path = "../../../tests/shared/in_process.rs"]
mod in_process;

use std::{sync::Arc, time::Duration};

use bank::{Bank, entry, in_currency};
use sqs_runtime::{
    Clock, Consumer,
    queue::{Backoff, Queue},
    testkit::{ManualClock, QueueCall, RecordingQueue, event::Event, harness::Harness},
};
use tower::util::AndThenLayer;

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:ledger-dead.fifo";
const SECOND: Duration = Duration::from_secs(1);

/// A ledger, and a process that consumes it.
async fn bank() -> (Bank<ManualClock>, Harness) {
    bank_with(|consumer| consumer).await
}

async fn bank_with(set: impl FnOnce(Consumer) -> Consumer) -> (Bank<ManualClock>, Harness) {
    let clock = ManualClock::new();
    let bank = Bank::open(clock.clone()).await;
    let harness = Harness::on_clock(set(bank.consumer()), clock);
    (bank, harness)
}

/// Two accounts in one batch. In any other order than this one, A does not cover what is taken from it.
fn event() -> Event {
    let entries = [("A", 1, 100), ("B", 1, 20), ("A", 2, -100), ("A", 3, 70), ("B", 2, -5), ("A", 4, -70)];
    Event::fifo("ledger").messages(entries.map(|(account, number, cents)| entry(account, number, cents)))
}

#[tokio::test]
async fn entries_of_an_account_are_posted_in_their_order() {
    let (bank, harness) = bank().await;
    harness.deliver(&event()).await.assert_all_done().assert_returned([]);
    assert_eq!(bank.balances().await, ["A 0 of 4", "B 15 of 2"]);
}

/// Each entry takes a second: four of A, and those of B beside them.
#[tokio::test]
async fn accounts_do_not_wait_for_each_other() {
    let clock = ManualClock::new();
    let bank = Bank::open(clock.clone()).await;
    let slow = clock.clone();
    let layer = AndThenLayer::new(move |handled| {
        let waiting = slow.sleep(SECOND);
        async move {
            waiting.await;
            Ok::<_, tower::BoxError>(handled)
        }
    });
    let (harness, before) = (Harness::on_clock(bank.consumer().layer(layer), clock.clone()), clock.monotonic());
    harness.deliver(&event()).await.assert_all_done();
    assert_eq!(clock.monotonic() - before, 4 * SECOND);
}

/// A row that nothing can be added to: the store refuses the transaction, whoever sends it.
#[tokio::test]
async fn an_entry_that_fails_stops_its_account_and_no_other() {
    let (bank, harness) = bank().await;
    bank.damage("A").await;
    let delivered = harness.deliver(&event()).await;
    delivered.assert_retried("A1").because("nothing was committed");
    for behind in ["A2", "A3", "A4"] {
        delivered.assert_not_started(behind).because("its group failed");
    }
    delivered.assert_done("B1").assert_done("B2").assert_returned(["A1", "A2", "A3", "A4"]);
    assert_eq!(bank.balances().await[1], "B 15 of 2");
}

/// The second of A is in a currency that nobody knows.
fn with_an_unknown_currency() -> Event {
    let event = Event::fifo("ledger").message(entry("A", 1, 100)).message(in_currency("A", 2, 5, "XXX"));
    event.message(entry("A", 3, -40)).message(entry("B", 1, 20))
}

#[tokio::test]
async fn an_unknown_currency_goes_to_the_dead_letter_queue_and_its_account_goes_on() {
    let told = Arc::new(RecordingQueue::new());
    let queue = Queue::new(Arc::clone(&told)).dead_letter_queue(DEAD).max_receive_count(5);
    let (bank, harness) = bank_with(|consumer| consumer.queue(queue)).await;
    let delivered = harness.deliver(&with_an_unknown_currency()).await;
    delivered.assert_rejected("A2").because("the currency is unknown (sent to the dead-letter queue)");
    delivered.assert_done("A3").assert_done("B1").assert_returned([]);
    assert_eq!(bank.balances().await, ["A 60 of 2", "B 20 of 1"]);
    let reason = "the handler failed".to_owned();
    assert_eq!(told.calls(), [QueueCall::SendToDeadLetter { message_id: "A2".into(), reason }]);
}

#[tokio::test]
async fn without_a_dead_letter_queue_it_stops_its_account() {
    let told = Arc::new(RecordingQueue::new());
    let queue = Queue::new(Arc::clone(&told)).backoff(Backoff::fixed(SECOND));
    let (bank, harness) = bank_with(|consumer| consumer.queue(queue)).await;
    let delivered = harness.deliver(&with_an_unknown_currency()).await;
    delivered.assert_rejected("A2").because("the currency is unknown");
    delivered.assert_not_started("A3").because("its group failed");
    delivered.assert_done("B1").assert_returned(["A2", "A3"]);
    assert_eq!(bank.balances().await, ["A 100 of 1", "B 20 of 1"]);
    // Those behind it are given back at once: it is what holds them up.
    let hidden = |id: &str, timeout| QueueCall::ChangeVisibility { message_id: id.into(), timeout };
    assert_eq!(told.calls(), [hidden("A2", SECOND), hidden("A3", Duration::ZERO)]);
}

/// A confirmed copy is what lets the account go on, not the wish to send one.
#[tokio::test]
async fn a_dead_letter_queue_that_refuses_is_none() {
    let queue = Queue::new(RecordingQueue::new().denied()).dead_letter_queue(DEAD).max_receive_count(5);
    let (bank, harness) = bank_with(|consumer| consumer.queue(queue)).await;
    let delivered = harness.deliver(&with_an_unknown_currency()).await;
    delivered.assert_done("B1").assert_returned(["A2", "A3"]);
    assert_eq!(bank.balances().await, ["A 100 of 1", "B 20 of 1"]);
}

#[tokio::test]
async fn an_entry_in_the_group_of_another_account_is_rejected() {
    let (bank, harness) = bank().await;
    let stray = Event::fifo("ledger").message(entry("A", 1, 100).group("B"));
    harness.deliver(&stray).await.assert_rejected("A1").because("the message group is not the entry's account");
    assert!(bank.balances().await.is_empty());
}
