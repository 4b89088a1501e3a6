//! Messages that come again while their handler is still at it.

use std::time::Duration;

use sqs_runtime::{
    Clock, Consumer,
    queue::Queue,
    testkit::simulator::{Account, Faults, Process, QueueSettings, SentMessage, Simulation},
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Handlers that take longer than their messages are hidden, as nobody should have it; every fourth batch comes twice, too.
fn slow(seed: u64, tells: bool) -> Account {
    let consumer = move |process: &Process| {
        let clock = process.clock();
        let consumer = Consumer::new(move || clock.sleep(seconds(25))).idempotency(process.idempotency());
        if tells { consumer.queue(Queue::new(process.queue_client())) } else { consumer }
    };
    let mut faults = Faults::none();
    (faults.duplicate, faults.until) = (250, seconds(3_600));
    let mut simulation = Simulation::new(seed, consumer).faults(faults);
    let mut settings = QueueSettings::new("orders");
    (settings.visibility_timeout, settings.max_receive_count) = (seconds(6), Some(5));
    let orders = simulation.queue(settings);
    (0..30).for_each(|n| simulation.send(orders, SentMessage::new(format!("order {n}"))));
    simulation.run()
}

/// What is in progress elsewhere is hidden until that lease is over, so that a duplicate does not spend what the original has left.
#[test]
fn a_duplicate_does_not_walk_its_original_to_the_dead_letter_queue() {
    for seed in 0..20 {
        let account = slow(seed, true);
        account.assert_clean();
        assert_eq!((account.done, account.dead_lettered), (30, 0), "seed {seed}: {account}");
        assert!(account.outcomes.contains_key("in progress elsewhere"), "{account}");
    }
}

/// To see that it is that which helps.
#[test]
fn without_the_queue_told_it_does() {
    let dead: u64 = (0..20).map(|seed| slow(seed, false)).map(|account| account.dead_lettered).sum();
    assert!(dead > 0);
}
