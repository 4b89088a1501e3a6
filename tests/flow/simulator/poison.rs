//! A message that ends the process takes no other message to the dead-letter queue, and slow hours convict nobody.

use std::time::Duration;

use sqs_runtime::{
    Clock, Consumer, Failure,
    claim::Mode,
    extract::Body,
    queue::Queue,
    run::{WorkerConfig, WorkerQueue},
    testkit::simulator::{Account, Faults, MappingSettings, Process, QueueSettings, SentMessage, Simulation},
};

/// A consumer whose handler ends the process for some messages, by an abort, a stack overflow or running out of memory: to others they
/// are the same, the process is gone.
fn consumer(process: &Process, mode: Option<Mode>) -> Consumer {
    let (end, clock) = (process.end(), process.clock());
    let consumer = Consumer::new(move |body: Body| {
        let (end, work) = (end.clone(), clock.sleep(Duration::from_millis(50)));
        async move {
            work.await;
            if body.starts_with("poison") {
                end();
                std::future::pending::<()>().await;
            }
        }
    });
    let consumer = consumer.queue(Queue::new(process.queue_client()));
    match mode {
        Some(mode) => consumer.idempotency(process.idempotency().mode(mode)),
        None => consumer.without_idempotency(),
    }
}

fn poisoned(seed: u64, mode: Option<Mode>, place: usize) -> Account {
    let mut simulation = Simulation::new(seed, move |process| consumer(process, mode));
    let mut settings = QueueSettings::new("orders");
    settings.max_receive_count = Some(5);
    let orders = simulation.queue(settings);
    for n in 0..10 {
        let body = if n == place { "poison".to_owned() } else { format!("good {n}") };
        simulation.send(orders, SentMessage::new(body));
    }
    simulation.run()
}

#[test]
fn one_that_ends_the_process_goes_alone_to_the_dead_letter_queue() {
    for mode in [Some(Mode::Lease), Some(Mode::CommitOnly), Some(Mode::MarkAfter), None] {
        for place in 0..10 {
            for seed in 0..4 {
                let account = poisoned(seed, mode, place);
                assert!(account.balances(), "{account}");
                let ends = (account.done, account.dead_lettered, account.in_queue);
                assert_eq!(
                    ends,
                    (9, 1, 0),
                    "{mode:?}, place {place}, seed {seed}: {account}\n{}",
                    account.trace.join("\n")
                );
            }
        }
    }
}

/// By the consumer's own limit it does not run to its last receive, and never without leave.
#[test]
fn a_crash_limit_ends_it_earlier() {
    let runs = |limit: Option<u32>| {
        let mut simulation = Simulation::new(1, move |process| {
            let idempotency = process.idempotency();
            let idempotency = limit.map_or(idempotency.clone(), |limit| idempotency.crash_limit(limit));
            let queue = Queue::new(process.queue_client()).dead_letters_by_redrive_policy();
            consumer(process, None).idempotency(idempotency).queue(queue)
        });
        let orders = simulation.queue(QueueSettings::new("orders"));
        simulation.send(orders, SentMessage::new("poison"));
        let account = simulation.run();
        assert_eq!((account.dead_lettered, account.in_queue), (1, 0), "{account}");
        assert_eq!(account.dead_letters, [account.starts[0].message_id.as_str()]);
        account.starts.len()
    };
    assert_eq!((runs(None), runs(Some(2))), (5, 2));
}

/// A FIFO message that ends the process at each receive: those behind it keep their last one.
#[test]
fn a_fifo_group_outlives_a_head_that_ends_the_process() {
    let mut simulation = Simulation::new(1, move |process| {
        let queue = Queue::new(process.queue_client()).dead_letters_by_redrive_policy();
        consumer(process, Some(Mode::Lease)).queue(queue)
    })
    .fifo_messages_start();
    let ledger = simulation.queue(QueueSettings::new("ledger.fifo"));
    for body in ["poison", "good 1", "good 2", "good 3"] {
        simulation.send(ledger, SentMessage::new(body).group("account"));
    }
    let account = simulation.run();
    account.assert_clean();
    assert_eq!((account.done, account.dead_lettered), (3, 1), "{account}\n{}", account.trace.join("\n"));
}

/// An hour in which everything takes longer than the function lives: handlers are stopped, which is no crash, and nobody is put aside
/// or rejected for it.
#[test]
fn an_hour_of_a_slow_service_convicts_nobody() {
    let mut mapping = MappingSettings::default();
    mapping.function_timeout = Duration::from_secs(30);
    let slow = |process: &Process| {
        let (clock, started) = (process.clock(), process.clock());
        let handler = move |_: Body| {
            let is_slow = started.monotonic() < Duration::from_secs(3_600);
            let work = clock.sleep(Duration::from_secs(if is_slow { 300 } else { 1 }));
            async move {
                work.await;
                Ok::<_, Failure>(())
            }
        };
        let idempotency = process.idempotency().crash_limit(3);
        let queue = Queue::new(process.queue_client()).dead_letters_by_redrive_policy();
        Consumer::new(handler).idempotency(idempotency).queue(queue)
    };
    let mut simulation = Simulation::new(1, slow).mapping(mapping).faults(Faults::none());
    let mut settings = QueueSettings::new("orders");
    settings.max_receive_count = Some(100);
    let orders = simulation.queue(settings);
    (0..30).for_each(|n| simulation.send(orders, SentMessage::new(format!("order {n}"))));
    let account = simulation.run();
    account.assert_clean();
    assert_eq!((account.done, account.dead_lettered), (30, 0), "{account}");
    // Every delivery started its handler: nobody waited behind anybody until the time was over.
    assert_eq!(account.starts.len() as u64, account.deliveries, "{account}");
}

/// A worker has many more messages in hand than a batch, and receives what one crash left behind all at once.
#[test]
fn one_that_ends_a_worker_goes_alone_to_the_dead_letter_queue() {
    for seed in 0..40 {
        let make = |process: &Process| consumer(process, Some(Mode::Lease)).concurrency(40);
        let mut mapping = MappingSettings::default();
        mapping.maximum_concurrency = 0;
        let config = |queue: WorkerQueue| WorkerConfig::new().queue(queue);
        let mut simulation = Simulation::new(seed, make).mapping(mapping).workers(1, config);
        let mut settings = QueueSettings::new("orders");
        settings.max_receive_count = Some(5);
        let orders = simulation.queue(settings);
        for n in 0..100 {
            let body = if n == seed { "poison".to_owned() } else { format!("good {n}") };
            simulation.send(orders, SentMessage::new(body));
        }
        let account = simulation.run();
        let ends = (account.done, account.dead_lettered, account.in_queue);
        assert_eq!(ends, (99, 1, 0), "seed {seed}: {account}\n{}", account.trace.join("\n"));
        let poison = account.starts.iter().max_by_key(|start| start.receive_count).map(|start| &start.message_id);
        let others = account.starts.iter().filter(|start| Some(&start.message_id) != poison);
        assert!(others.filter_map(|start| start.receive_count).max() <= Some(4), "seed {seed}");
    }
}
