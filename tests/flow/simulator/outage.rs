//! The store is away for three hours.

use std::{cmp::Ordering, time::Duration};

use sqs_runtime::{
    Clock, Consumer, Failure,
    extract::{Body, ReceiveCount},
    queue::Queue,
    run::Report,
    testkit::simulator::{Account, Faults, Process, QueueSettings, SentMessage, Simulation},
};

const HOURS: u64 = 3_600;

/// What an outage of three hours comes to for messages that are sent before it and while it lasts, with the consumer's queue told or not.
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

/// What an outage of three hours comes to for messages that have been received one to six times when it begins, by failures of their own.
fn outage_for_the_worn(seed: u64, is_silent: bool) -> Account {
    const BEGINS: Duration = Duration::from_secs(600);
    let consumer = |process: &Process| {
        let clock = process.clock();
        let handler = move |body: Body, ReceiveCount(receives): ReceiveCount| {
            let wears: u32 = body.parse().expect("a number");
            let now = clock.monotonic();
            async move {
                match receives.expect("a count").cmp(&wears) {
                    Ordering::Less => Err(Failure::retry_after(Duration::from_secs(1))),
                    // The next time in the outage.
                    Ordering::Equal => Err(Failure::retry_after(BEGINS - now + Duration::from_secs(1))),
                    Ordering::Greater => Ok(()),
                }
            }
        };
        Consumer::new(handler).idempotency(process.idempotency()).queue(Queue::new(process.queue_client()))
    };
    let mut faults = Faults::none();
    faults.outages = vec![(BEGINS, Duration::from_secs(3 * HOURS))];
    faults.outages_are_silent = is_silent;
    let mut simulation = Simulation::new(seed, consumer).faults(faults);
    let mut settings = QueueSettings::new("orders");
    settings.max_receive_count = Some(10);
    let orders = simulation.queue(settings);
    (0..60).for_each(|n| simulation.send(orders, SentMessage::new((1 + n % 6).to_string())));
    simulation.run()
}

#[test]
fn messages_at_their_sixth_receive_when_it_begins_outlive_it() {
    for seed in 0..10 {
        for is_silent in [false, true] {
            let account = outage_for_the_worn(seed, is_silent);
            account.assert_clean();
            assert_eq!((account.done, account.dead_lettered), (60, 0), "seed {seed}, {is_silent}: {account}");
            let before = account.starts.iter().filter(|start| start.at < Duration::from_secs(600));
            assert_eq!(before.filter(|start| start.receive_count == Some(6)).count(), 10);
            assert!(account.faults.outages > 0);
        }
    }
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
