//! The harness: what it says of a delivery, and that no real time passes.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::FutureExt;
use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency, SystemClock,
    extract::{Body, State},
    testkit::{
        ManualClock,
        event::{Event, Message},
        harness::{Delivered, Harness},
        judge::Flag,
    },
};

use crate::support::{fixture, root};

const SECOND: Duration = Duration::from_secs(1);

/// Does what its message says.
async fn obey(body: Body) -> Result<(), Failure> {
    match body.as_str() {
        "fail" => Err(Failure::retry("told to fail")),
        "reject" => Err(Failure::reject("told to reject")),
        _ => Ok(()),
    }
}

fn message(id: &str, body: &str) -> Message {
    Message::text(body).id(id)
}

fn mixed() -> Event {
    let event = Event::fifo("ledger").message(message("a", "x").group("A")).message(message("b", "fail").group("B"));
    event.message(message("c", "x").group("B")).message(message("d", "reject").group("D"))
}

#[tokio::test]
async fn every_outcome_has_its_assertion() {
    let harness = Harness::new(Consumer::new(obey));
    let first = harness.deliver(&mixed()).await;
    first.assert_done("a").assert_runs("a", 1).assert_runs("c", 0);
    first.assert_retried("b").because("told to fail");
    first.assert_not_started("c").because("an earlier message of its group failed");
    first.assert_rejected("d").because("told to reject").assert_returned(["d", "b", "c"]);
    assert_eq!(first.response_json().unwrap().matches("itemIdentifier").count(), 3);
    assert_eq!(first.verdict(Flag::Off).fates().filter(|fate| fate.is_returned()).count(), 0);

    let second = harness.redeliver(&first).await;
    second.assert_already_done("a").assert_retried("b");
    assert_eq!(second.event().to_batch().record(0).unwrap().receive_count(), Some(2));
    let third = harness.deliver(&second.returned()).await;
    let ids: Vec<_> = third.report().records().map(|record| record.message_id.unwrap().to_owned()).collect();
    assert_eq!(ids, ["b", "c", "d"]);
    assert_eq!(third.event().to_batch().record(0).unwrap().receive_count(), Some(3));
}

/// The message of an assertion that does not hold.
fn failure(delivered: &Delivered, assert: impl Fn(&Delivered)) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| assert(delivered))).expect_err("the assertion does not hold");
    *panic.downcast::<String>().expect("a text")
}

#[tokio::test]
async fn an_assertion_that_does_not_hold_shows_what_every_message_came_to() {
    let harness = Harness::new(Consumer::new(obey));
    let delivered = harness.deliver(&mixed()).await;
    let table = "
  message  outcome      runs  duration  SQS  reason
  a        done         1     -         -
> b        retry        1     -         -    told to fail
  c        not started  0     -         -    an earlier message of its group failed
  d        rejected     1     -         -    told to reject
";
    let says = failure(&delivered, |delivered| {
        delivered.assert_done("b");
    });
    assert_eq!(says, format!("expected b to be \"done\", but it is \"retry\", \"told to fail\"\n{table}"));
    let says = failure(&delivered, |delivered| {
        delivered.assert_runs("b", 2);
    });
    assert_eq!(says, format!("expected b to run 2 times, but it ran 1 times\n{table}"));
    let says = failure(&delivered, |delivered| {
        delivered.assert_retried("b").because("the moon");
    });
    assert!(
        says.starts_with("expected b to fail because of \"the moon\", but the reason is \"told to fail\""),
        "{says}"
    );
    for (assert, says) in [
        (
            &(|d: &Delivered| {
                d.assert_all_done();
            }) as &dyn Fn(&Delivered),
            "expected every message to be done, but some",
        ),
        (
            &|d| {
                d.assert_rejected("a");
            },
            "expected a to be \"rejected\", but it is \"done\"\n",
        ),
        (
            &|d| {
                d.assert_already_done("a");
            },
            "expected a to be \"already done\", but it is \"done\"\n",
        ),
        (
            &|d| {
                d.assert_in_progress_elsewhere("a");
            },
            "expected a to be \"in progress elsewhere\", but it is \"done\"\n",
        ),
        (
            &|d| {
                d.assert_not_started("z");
            },
            "expected a message with the id \"z\", but there is none\n",
        ),
        (
            &|d| {
                d.assert_returned(["b"]);
            },
            "expected {\"b\"} to come back, but {\"b\", \"c\", \"d\"} do\n",
        ),
    ] {
        let said = failure(&delivered, assert);
        assert!(said.starts_with(says) && said.contains("  d        rejected"), "{said}");
    }
    assert!(format!("{delivered:?}").contains("  b        retry"));
}

#[tokio::test]
async fn where_there_is_no_message_not_all_are_done() {
    let delivered = Harness::new(Consumer::new(obey)).deliver(&Event::standard("orders")).await;
    let says = failure(&delivered, |delivered| {
        delivered.assert_all_done();
    });
    assert!(says.starts_with("expected every message to be done, but there is none"), "{says}");
}

#[tokio::test]
async fn a_failure_without_a_name_returns_the_whole_batch() {
    let harness = Harness::new(Consumer::new(obey));
    let event = Event::from_file(root().join("tests/fixtures/malformed/message-id-missing.json")).unwrap();
    let delivered = harness.deliver(&event).await;
    assert!(delivered.response().is_err());
    let (first, third) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000003");
    delivered.assert_returned([first, "a message without an id", third]).assert_done(first);
    assert_eq!(delivered.returned().to_batch().len(), 3);
}

/// Waits for as many seconds as the message says, by the consumer's clock.
async fn wait(State(clock): State<ManualClock>, body: Body) -> Result<(), Failure> {
    clock.sleep(SECOND * body.parse()?).await;
    Ok(())
}

fn waiting() -> Harness {
    let clock = ManualClock::new();
    Harness::on_clock(Consumer::new(wait).state(clock.clone()), clock)
}

fn waits(seconds: &[u32]) -> Event {
    let message = |seconds: &u32| message(&format!("for-{seconds}"), &seconds.to_string());
    Event::standard("orders").messages(seconds.iter().map(message))
}

async fn time_passes_for_handlers_that_wait_on_the_clock() {
    let harness = waiting();
    let before = harness.clock().monotonic();
    let delivered = harness.deliver(&waits(&[3_600, 60, 600])).await;
    delivered.assert_all_done();
    assert_eq!(harness.clock().monotonic() - before, SECOND * 3_600);
    let took: Vec<_> = delivered.report().records().map(|record| record.duration).collect();
    assert_eq!(took, [3_600, 60, 600].map(|seconds| SECOND * seconds));

    let harness = waiting().deadline(SECOND * 10);
    let delivered = harness.deliver(&waits(&[60, 8])).await;
    delivered.assert_done("for-8").assert_retried("for-60").because("the invocation's time ran out");
    delivered.assert_returned(["for-60"]);
    harness.redeliver(&delivered).await.assert_in_progress_elsewhere("for-60");
    harness.clock().advance(SECOND * 20);
    harness.redeliver(&delivered).await.assert_retried("for-60");
}

/// Real time would be 4,000 seconds and more.
#[tokio::test]
async fn time_passes_on_one_thread() {
    time_passes_for_handlers_that_wait_on_the_clock().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_passes_on_several_threads() {
    time_passes_for_handlers_that_wait_on_the_clock().await;
}

#[tokio::test(start_paused = true)]
async fn time_passes_where_tokios_is_paused() {
    time_passes_for_handlers_that_wait_on_the_clock().await;
}

#[tokio::test(start_paused = true)]
async fn handlers_that_wait_with_tokio_or_for_ever_meet_their_deadline() {
    async fn by_tokio(body: Body) -> Result<(), Failure> {
        match body.as_str() {
            "for ever" => std::future::pending().await,
            seconds => SystemClock::new().sleep(SECOND * seconds.parse()?).await,
        }
        Ok(())
    }
    let harness = Harness::new(Consumer::new(by_tokio)).deadline(SECOND * 100);
    let event = waits(&[94, 96, 3_600]).message(message("hangs", "for ever"));
    let delivered = harness.deliver(&event).await;
    delivered.assert_done("for-94").assert_retried("for-96").because("time ran out");
    delivered.assert_returned(["for-96", "for-3600", "hangs"]).assert_retried("hangs");
    assert_eq!(harness.clock().monotonic(), SECOND * 95, "the answer leaves at the reserve");
}

/// One time for both: whoever waits for less is first, whichever clock it waits on.
#[tokio::test(start_paused = true)]
async fn tokios_paused_time_and_the_clock_are_one_time() {
    async fn by_either(State(clock): State<ManualClock>, body: Body) -> Result<(), Failure> {
        match body.as_str().split_once(' ') {
            Some(("tokio", seconds)) => SystemClock::new().sleep(SECOND * seconds.parse()?).await,
            Some((_, seconds)) => clock.sleep(SECOND * seconds.parse()?).await,
            None => {}
        }
        Ok(())
    }
    let clock = ManualClock::new();
    let harness = Harness::on_clock(Consumer::new(by_either).state(clock.clone()), clock).deadline(SECOND * 100);
    let event = Event::standard("orders").message(message("a", "tokio 50")).message(message("b", "clock 60"));
    let delivered = harness.deliver(&event.message(message("c", "clock 3600"))).await;
    delivered.assert_done("a").assert_done("b").assert_retried("c");
    let took: Vec<_> = delivered.report().records().map(|record| record.duration.as_secs()).collect();
    assert_eq!(took, [50, 60, 95]);
}

#[tokio::test]
async fn no_time_passes_on_one_thread_while_a_handler_has_work_to_do() {
    no_time_passes_while_a_handler_has_work_to_do().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_time_passes_on_several_threads_while_a_handler_has_work_to_do() {
    no_time_passes_while_a_handler_has_work_to_do().await;
}

async fn no_time_passes_while_a_handler_has_work_to_do() {
    async fn work_or_wait(State(clock): State<ManualClock>, body: Body) -> Result<(), Failure> {
        if body.as_str() == "wait" {
            clock.sleep(SECOND).await;
            return Ok(());
        }
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        if clock.monotonic() == Duration::ZERO { Ok(()) } else { Err(Failure::reject("time has passed")) }
    }
    let clock = ManualClock::new();
    let harness = Harness::on_clock(Consumer::new(work_or_wait).state(clock.clone()), clock);
    let event = Event::standard("orders").message(message("m-1", "wait")).message(message("m-2", "work"));
    harness.deliver(&event).await.assert_all_done();
}

#[tokio::test]
async fn a_handler_that_waits_for_something_else_is_waited_for() {
    let clock = ManualClock::new();
    let other = clock.clone();
    let handler = move |body: Body| {
        let clock = other.clone();
        async move {
            let now = clock.monotonic();
            let (sent, received) = tokio::sync::oneshot::channel();
            // A thread of its own, as a client's connection may have.
            let thread = std::thread::Builder::new().spawn(move || sent.send(body.as_str().to_owned()))?;
            assert_eq!(received.await?, "hello");
            let _ = thread.join();
            assert_eq!(clock.monotonic(), now, "no time passed meanwhile");
            Ok::<(), Failure>(())
        }
    };
    let harness = Harness::on_clock(Consumer::new(handler), clock).deadline(SECOND * 10);
    harness.deliver(&Event::standard("orders").message(message("m-1", "hello"))).await.assert_done("m-1");
}

#[tokio::test]
async fn the_same_message_twice_at_once_runs_once() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let consumer = Consumer::new(move || {
        counted.fetch_add(1, SeqCst);
        tokio::task::yield_now()
    });
    let harness = Harness::new(consumer);
    let event = Event::standard("orders").message(message("m-1", "x"));
    let both = harness.deliver_together([&event, &event.redelivered()]).await;
    both[0].assert_done("m-1");
    both[1].assert_in_progress_elsewhere("m-1");
    assert_eq!(runs.load(SeqCst), 1);
}

/// More steps than tokio lets one task take in a row, and more messages than permits.
#[tokio::test]
async fn a_large_batch_is_no_trouble() {
    let (seen, names) = (Arc::new(std::sync::Mutex::new(BTreeSet::new())), (0..2_000).map(|n| format!("m-{n}")));
    let kept = Arc::clone(&seen);
    let consumer = Consumer::new(move |body: Body| {
        let kept = Arc::clone(&kept);
        async move {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            kept.lock().unwrap().insert(body.as_str().to_owned());
        }
    });
    let event = Event::standard("orders").messages(names.map(Message::text));
    Harness::new(consumer).deliver(&event).await.assert_all_done().assert_returned([]);
    assert_eq!(seen.lock().unwrap().len(), 2_000);
}

#[tokio::test]
async fn a_delivery_that_is_dropped_takes_its_handlers_along_and_the_next_one_runs() {
    let harness = Harness::new(Consumer::new(|body: Body| async move {
        if body.as_str() == "hang" {
            std::future::pending::<()>().await;
        }
    }));
    let event = Event::standard("orders").message(message("m-1", "hang"));
    {
        let mut delivery = Box::pin(harness.deliver(&event));
        assert!(delivery.as_mut().now_or_never().is_none());
    }
    harness
        .redeliver(&harness.deliver(&Event::standard("orders").message(message("m-2", "x"))).await)
        .await
        .assert_already_done("m-2");
    harness.deliver(&event).await.assert_in_progress_elsewhere("m-1");
}

/// The same consumer, the same event: the same table, to the byte.
#[tokio::test]
async fn two_runs_are_the_same() {
    async fn run() -> String {
        let event = Event::from_json(&fixture("orders.json")).unwrap();
        let shop = orders::Shop::new(Arc::new(orders::InMemoryProvider::new()));
        let harness = Harness::new(orders::consumer_of(shop, Idempotency::memory()));
        let first = harness.deliver(&event).await;
        format!("{first:?}{:?}", harness.redeliver(&first).await)
    }
    assert_eq!(run().await, run().await);
}
