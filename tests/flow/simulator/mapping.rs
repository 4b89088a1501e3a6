//! How the simulated mapping takes batches: its window, its size, its concurrency, and what slows it down.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use sqs_runtime::{
    Clock, Consumer, Failure,
    batch::Record,
    extract::{Attributes, Body, Sns},
    testkit::{
        event::Message,
        simulator::{Account, Faults, MappingSettings, Process, QueueSettings, SentMessage, Simulation},
    },
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What so many messages come to whose handlers take that long, with a mapping that was changed so.
fn run(queue: QueueSettings, messages: u64, takes: Duration, change: impl Fn(&mut MappingSettings)) -> Account {
    let mut mapping = MappingSettings::default();
    change(&mut mapping);
    let consumer = move |process: &Process| {
        let clock = process.clock();
        Consumer::new(move || clock.sleep(takes)).idempotency(process.idempotency())
    };
    let mut simulation = Simulation::new(1, consumer).mapping(mapping);
    let queue = simulation.queue(queue);
    for n in 0..messages {
        simulation.send(queue, SentMessage::new("x").group(n.to_string()));
    }
    simulation.run()
}

/// When handlers started, in whole seconds.
fn starts(account: &Account) -> Vec<u64> {
    account.starts.iter().map(|start| start.at.as_secs()).collect()
}

#[test]
fn a_batch_that_is_not_full_waits_for_its_window_and_a_full_one_does_not() {
    let window = |mapping: &mut MappingSettings| mapping.window = seconds(60);
    let account = run(QueueSettings::new("orders"), 13, Duration::ZERO, window);
    account.assert_clean();
    let (full, rest): (Vec<u64>, Vec<u64>) = starts(&account).into_iter().partition(|at| *at < 60);
    assert_eq!((full, rest), (vec![0; 10], vec![60; 3]));
}

#[test]
fn a_fifo_queue_waits_for_no_window() {
    let window = |mapping: &mut MappingSettings| mapping.window = seconds(60);
    let account = run(QueueSettings::new("ledger.fifo"), 3, Duration::ZERO, window);
    account.assert_clean();
    assert_eq!(starts(&account), [0; 3]);
}

/// The visibility timeout begins when a message is received, not when its batch is handed on: as long a window lets it come twice.
#[test]
fn what_waits_for_its_batch_is_hidden_already() {
    let mut queue = QueueSettings::new("orders");
    queue.visibility_timeout = seconds(30);
    let window = |mapping: &mut MappingSettings| mapping.window = seconds(40);
    let account = run(queue, 1, Duration::ZERO, window);
    account.assert_clean();
    assert_eq!((account.deliveries, account.starts.len(), account.done), (2, 1, 1), "{account}");
}

#[test]
fn a_batch_is_closed_before_its_event_would_be_too_large() {
    let small = |mapping: &mut MappingSettings| mapping.max_event_bytes = 2_300;
    let account = run(QueueSettings::new("orders"), 9, Duration::ZERO, small);
    account.assert_clean();
    assert_eq!((account.invocations, account.circumstances.closed_by_size), (3, 2), "{account}");
}

/// Up to the maximum, and no further, duplicates included.
#[test]
fn invocations_are_as_many_as_the_maximum_allows() {
    for maximum in [2, 8] {
        let mut mapping = MappingSettings::default();
        (mapping.batch_size, mapping.maximum_concurrency, mapping.initial_concurrency) = (1, maximum, 5);
        let consumer = |process: &Process| {
            let clock = process.clock();
            Consumer::new(move || clock.sleep(seconds(20))).idempotency(process.idempotency())
        };
        let mut faults = Faults::none();
        (faults.duplicate, faults.until) = (500, seconds(3_600));
        let mut simulation = Simulation::new(1, consumer).mapping(mapping).faults(faults);
        let mut settings = QueueSettings::new("orders");
        settings.max_receive_count = None;
        let orders = simulation.queue(settings);
        (0..200).for_each(|n| simulation.send(orders, SentMessage::new(n.to_string())));
        let account = simulation.run();
        account.assert_clean();
        assert_eq!((account.most_at_once, account.done), (maximum, 200), "{account}");
        assert!(account.faults.duplicates > 10, "{account}");
    }
}

/// As on Lambda Managed Instances: eight invocations at a time in two processes, and in eight where each has its own.
#[test]
fn a_process_may_have_several_invocations_at_a_time() {
    for (most, processes) in [(1, 8), (4, 2)] {
        let account = run(QueueSettings::new("orders"), 200, seconds(5), |mapping| {
            (mapping.batch_size, mapping.initial_concurrency, mapping.invocations_per_process) = (1, 8, most);
        });
        account.assert_clean();
        let used: BTreeSet<_> = account.starts.iter().map(|start| start.process).collect();
        let came_to = (account.most_at_once, account.most_in_a_process, used.len(), account.done);
        assert_eq!(came_to, (8, most, processes, 200), "{account}");
    }
}

/// What ends a process takes along all that it is at, and no more: the rest of the queue comes to its end.
#[test]
fn what_ends_a_process_ends_every_invocation_in_it() {
    let mut mapping = MappingSettings::default();
    (mapping.batch_size, mapping.invocations_per_process) = (1, 4);
    let consumer = |process: &Process| {
        let (clock, end) = (process.clock(), process.end());
        let handler = move |body: Body, record: Record| {
            let is_poison = &*body == "poison" && record.receive_count() == Some(1);
            let (work, end) = (clock.sleep(seconds(if is_poison { 1 } else { 2 })), end.clone());
            async move {
                work.await;
                if is_poison {
                    end();
                    std::future::pending::<()>().await;
                }
            }
        };
        Consumer::new(handler).idempotency(process.idempotency())
    };
    let mut simulation = Simulation::new(1, consumer).mapping(mapping);
    let orders = simulation.queue(QueueSettings::new("orders"));
    for body in ["one", "two", "three", "poison"] {
        simulation.send(orders, SentMessage::new(body));
    }
    let account = simulation.run();
    account.assert_clean();
    assert_eq!((account.faults.crashes, account.burnt, account.done), (1, 4, 4), "{account}");
}

/// A service that is away for the first ten minutes, and messages that fail for it; the invocation fails with them, or not.
fn shared_failure(fails_invocations: bool) -> Account {
    let mut mapping = MappingSettings::default();
    mapping.batch_size = 1;
    let consumer = |process: &Process| {
        let clock = process.clock();
        let handler = move || {
            let (work, clock) = (clock.sleep(seconds(2)), clock.clone());
            async move {
                work.await;
                let is_away = clock.monotonic() < seconds(600);
                if is_away { Err(Failure::retry("the service is away").shared()) } else { Ok(()) }
            }
        };
        Consumer::new(handler).idempotency(process.idempotency())
    };
    let mut simulation = Simulation::new(1, consumer).mapping(mapping);
    if fails_invocations {
        simulation = simulation.fail_invocation_when(sqs_runtime::run::Report::has_shared_failure);
    }
    let mut settings = QueueSettings::new("orders");
    settings.max_receive_count = None;
    let orders = simulation.queue(settings);
    (0..1_000).for_each(|n| simulation.send(orders, SentMessage::new(n.to_string())));
    simulation.run()
}

/// What failing an invocation is for: the mapping asks for less.
#[test]
fn invocations_that_fail_slow_the_mapping_down() {
    let in_the_outage = |account: &Account| account.starts.iter().filter(|start| start.at < seconds(600)).count();
    let (fails, answers) = (shared_failure(true), shared_failure(false));
    for account in [&fails, &answers] {
        account.assert_clean();
        assert_eq!(account.done, 1_000, "{account}");
    }
    let (slowed, unslowed) = (in_the_outage(&fails), in_the_outage(&answers));
    assert!(slowed * 4 < unslowed, "{slowed} and {unslowed} runs while the service was away");
}

#[test]
fn a_mapping_that_aws_refuses_breaks_a_rule() {
    type Change = fn(&mut MappingSettings);
    let wrong: [(&str, Change); 5] = [
        ("orders", |mapping| mapping.batch_size = 11),
        ("orders", |mapping| (mapping.batch_size, mapping.window) = (0, seconds(1))),
        ("ledger.fifo", |mapping| (mapping.batch_size, mapping.window) = (11, seconds(1))),
        ("orders", |mapping| mapping.maximum_concurrency = 1),
        ("orders", |mapping| mapping.window = seconds(301)),
    ];
    for (queue, change) in wrong {
        let account = run(QueueSettings::new(queue), 0, Duration::ZERO, change);
        assert!(account.violations.iter().any(|what| what.starts_with("the mapping cannot be set so")), "{account}");
    }
    let right = |mapping: &mut MappingSettings| (mapping.batch_size, mapping.window) = (10_000, seconds(1));
    run(QueueSettings::new("orders"), 20, Duration::ZERO, right).assert_clean();
}

/// A message of the event builders comes as it was made: its envelope, its attributes, its digests.
#[test]
fn what_the_builders_make_can_be_sent() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let consumer = move |process: &Process| {
        let noted = Arc::clone(&noted);
        let handler = move |sns: Sns<u64>, attributes: Attributes| {
            let noted = Arc::clone(&noted);
            async move {
                let tenant = attributes.get("tenant").and_then(|tenant| tenant.as_str().map(str::to_owned));
                noted.lock().expect("no panic").push((sns.message, tenant));
            }
        };
        Consumer::new(handler).idempotency(process.idempotency()).verify_md5(true)
    };
    let mut simulation = Simulation::new(1, consumer);
    let orders = simulation.queue(QueueSettings::new("orders"));
    simulation.send(orders, Message::json(&7).expect("a number").attribute("tenant", "t1").in_sns().into());
    let account = simulation.run();
    account.assert_clean();
    assert_eq!(*seen.lock().expect("no panic"), [(7, Some("t1".to_owned()))], "{account}");
}
