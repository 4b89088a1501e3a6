//! The store is away for three hours.

use std::time::Duration;

use sqs_runtime::{
    Consumer,
    queue::Queue,
    run::Report,
    testkit::simulator::{Account, Faults, Process, QueueSettings, SentMessage, Simulation},
};

const HOURS: u64 = 3_600;

/// What an outage of three hours comes to, with messages that had come before it already or not, and the consumer's queue told or not.
fn outage(seed: u64, tells: bool, max_receive_count: u32, fails_invocations: bool) -> Account {
    let consumer = move |process: &Process| {
        let consumer = Consumer::new(|| async {}).idempotency(process.idempotency());
        if tells { consumer.queue(Queue::new(process.queue_client())) } else { consumer }
    };
    let mut faults = Faults::none();
    faults.outages = vec![(Duration::from_secs(60), Duration::from_secs(3 * HOURS))];
    let mut simulation = Simulation::new(seed, consumer).faults(faults);
    if fails_invocations {
        simulation = simulation.fail_invocation_when(Report::is_store_down);
    }
    let mut settings = QueueSettings::new("orders");
    settings.max_receive_count = Some(max_receive_count);
    let orders = simulation.queue(settings);
    for n in 0..100 {
        // Some before the outage, some in it.
        simulation.send_at(Duration::from_secs(n * 60), orders, SentMessage::new(format!("order {n}")));
    }
    simulation.run()
}

#[test]
fn with_the_queue_told_nothing_is_lost_and_nothing_dead_lettered() {
    for seed in 0..10 {
        let account = outage(seed, true, 10, false);
        account.assert_clean();
        assert_eq!((account.done, account.dead_lettered), (100, 0), "seed {seed}: {account}");
        let most = account.deliveries as f64 / 100.0;
        assert!(most < 9.0, "{most} receives for a message");
    }
}

/// `maxReceiveCount` x the visibility timeout is what is survived without: 5 x 180 s here.
#[test]
fn without_it_messages_go_to_the_dead_letter_queue_after_so_many_timeouts() {
    let account = outage(1, false, 5, false);
    account.assert_clean();
    assert!(account.dead_lettered > 50, "{account}");
    assert_eq!(account.done + account.dead_lettered, 100, "{account}");
}

/// The invocation fails where the store is down: the same ends, since the queue is told first.
#[test]
fn an_invocation_that_fails_for_it_loses_nothing_either() {
    let account = outage(1, true, 10, true);
    account.assert_clean();
    assert_eq!((account.done, account.dead_lettered), (100, 0), "{account}");
}

/// A breaker that is open asks nothing but for one claim each 5 s.
#[test]
fn the_store_is_spared_while_it_is_away() {
    let account = outage(1, true, 10, false);
    let asked = account.faults.outages;
    let handed_out = account.deliveries;
    assert!(asked < handed_out, "{asked} requests to the store for {handed_out} deliveries");
}
