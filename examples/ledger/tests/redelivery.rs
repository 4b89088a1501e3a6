//! Each entry is in its balance once: wherever the process dies, and however often the entry is sent.
#![allow(clippy::expect_used, clippy::unimplemented, reason = "a test says what is wrong by panicking")]

#[path = "support/bank.rs"]
mod bank;
#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "there is no server here")]
mod dynamodb;
#[path = "../../../tests/shared/in_process.rs"]
mod in_process;

use bank::{Bank, entry};
use sqs_runtime::testkit::{
    ManualClock,
    event::Event,
    harness::Harness,
    redelivery::{World, redelivery_check_in},
};

type Ledger = Bank<ManualClock>;

async fn open(world: World) -> Ledger {
    Bank::open(world.clock()).await
}

#[tokio::test]
async fn wherever_the_process_dies_every_entry_is_posted_once_and_in_order() {
    let event = Event::fifo("ledger").message(entry("A", 1, 100)).message(entry("A", 2, -100));
    let event = event.message(entry("B", 1, 20));
    let survived = redelivery_check_in(open, Ledger::consumer, Ledger::balances, &event).await;
    let survived: Vec<_> = survived.expect("once, wherever it dies").iter().map(ToString::to_string).collect();
    // Two claims, A's first entry with B's and then A's second, and a transaction for each entry. The handler waits for nothing.
    let inside = |call| survived.iter().filter(|point| point.starts_with(&format!("inside the {call}"))).count();
    assert_eq!((inside("claim"), inside("transaction"), survived.len()), (4, 6, 10), "{survived:?}");
}

#[tokio::test]
async fn an_entry_that_comes_twice_or_is_sent_twice_moves_its_balance_once() {
    let clock = ManualClock::new();
    let bank = Bank::open(clock.clone()).await;
    let event = Event::fifo("ledger").message(entry("A", 1, 100));
    let first = Harness::on_clock(bank.consumer(), clock.clone()).deliver(&event).await;
    // Another process, which has seen nothing.
    let harness = Harness::on_clock(bank.consumer(), clock);
    harness.redeliver(&first).await.assert_already_done("A1").assert_runs("A1", 0);
    let sent_again = Event::fifo("ledger").message(entry("A", 1, 100).id("A1 again"));
    harness.deliver(&sent_again).await.assert_already_done("A1 again");
    let another = Event::fifo("ledger").message(entry("A", 1, 900).id("not A1"));
    harness.deliver(&another).await.assert_rejected("not A1").because("another payload");
    assert_eq!(bank.balances().await, ["A 100 of 1"]);
}
