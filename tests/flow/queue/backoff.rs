//! For how long failed messages stay hidden.

use std::{sync::Arc, time::Duration};

use sqs_runtime::{
    Clock, Consumer, Failure, Idempotency,
    extract::Body,
    queue::{Backoff, Queue},
    testkit::{
        ManualClock, QueueCall, RecordingQueue,
        event::{Event, Message},
        harness::Harness,
    },
};

use super::{hidden, obey, orders, telling};

#[tokio::test]
async fn only_what_failed_is_hidden_and_for_as_long_as_its_handler_says() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue.backoff(Backoff::fixed(Duration::from_secs(40)))));
    let delivered = harness.deliver(&orders(&["ok", "fail", "now", "after 90", "reject"])).await;
    let expected = [("fail", 40), ("now", 0), ("after 90", 90), ("reject", 40)];
    assert_eq!(hidden(&told), expected.map(|(id, seconds)| (id.to_owned(), seconds)));
    delivered.assert_returned(["fail", "now", "after 90", "reject"]);
    delivered.assert_hidden_for("ok", None).assert_hidden_for("now", Duration::ZERO);
    delivered.assert_hidden_for("fail", Duration::from_secs(40)).assert_hidden_for("after 90", Duration::from_secs(90));
}

#[tokio::test]
#[should_panic(expected = "SQS to hide fail for 41s, but of that it says \"hidden for 40s\"")]
async fn a_message_that_is_hidden_otherwise_is_shown() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue.backoff(Backoff::fixed(Duration::from_secs(40)))));
    harness.deliver(&orders(&["fail"])).await.assert_hidden_for("fail", Duration::from_secs(41));
}

#[tokio::test]
#[should_panic(expected = "SQS to be told nothing about fail, but of that it says \"hiding for 40s refused\"")]
async fn a_message_that_sqs_refused_to_hide_is_shown() {
    let told = Arc::new(RecordingQueue::new().denied());
    let harness = Harness::new(telling(&told, |queue| queue.backoff(Backoff::fixed(Duration::from_secs(40)))));
    harness.deliver(&orders(&["fail"])).await.assert_hidden_for("fail", None);
}

#[tokio::test]
async fn by_default_the_time_doubles_with_each_receive_and_is_drawn_up_to_that() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue));
    let message = |n: u32| Message::text("fail").id(format!("m{n}")).receive_count(n);
    // Of each receive a hundred.
    for _ in 0..100 {
        harness.deliver(&Event::standard("orders").messages((1..=9).map(message))).await;
    }
    for (n, most) in [(1, 30), (2, 60), (3, 120), (7, 1_920), (8, 3_600), (9, 3_600)] {
        let id = format!("m{n}");
        let of_n: Vec<u64> = hidden(&told).into_iter().filter(|(of, _)| *of == id).map(|(_, time)| time).collect();
        let (least, longest) = (of_n.iter().min().unwrap(), of_n.iter().max().unwrap());
        assert!(*longest <= most && *longest > most * 9 / 10, "receive {n}: {longest} of {most}");
        assert!(*least < most / 10, "receive {n}: {least} of {most}");
    }
}

#[tokio::test]
async fn a_function_may_say_it_or_leave_it_to_the_queue() {
    let told = Arc::new(RecordingQueue::new());
    let by = Backoff::by(|record, reason| {
        assert_ne!(record.message_id(), "panics", "the function panics");
        reason.text().filter(|_| record.message_id() == "fail").map(|_| Duration::from_millis(1_500))
    });
    let harness = Harness::new(telling(&told, |queue| queue.backoff(by)));
    let event = orders(&["fail", "left"]).message(Message::text("fail").id("panics"));
    harness.deliver(&event).await.assert_returned(["fail", "left", "panics"]);
    // Whole seconds, and never cut short.
    assert_eq!(hidden(&told), [("fail".to_owned(), 2)]);
}

#[tokio::test]
async fn no_time_is_longer_than_what_sqs_would_still_grant() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue));
    harness.deliver(&orders(&["after 864000"])).await;
    // 12 h, less 10 minutes for what lay between receive and invocation.
    assert_eq!(hidden(&told), [("after 864000".to_owned(), 12 * 3_600 - 600)]);
}

/// SQS counts from the receive: what the batch took is gone.
#[tokio::test]
async fn the_time_that_the_batch_took_is_no_longer_to_be_granted() {
    let (clock, told) = (ManualClock::new(), Arc::new(RecordingQueue::new()));
    let work = clock.clone();
    let handler = move || {
        let work = work.sleep(Duration::from_secs(2 * 3_600));
        async move {
            work.await;
            Err::<(), _>(Failure::retry_after(Duration::from_secs(864_000)))
        }
    };
    let consumer = Consumer::new(handler).without_idempotency().queue(Queue::new(Arc::clone(&told)));
    Harness::on_clock(consumer, clock).deliver(&orders(&["m"])).await;
    assert_eq!(hidden(&told), [("m".to_owned(), 10 * 3_600 - 600)]);
}

/// Whoever says "as long as there is" means the longest that there is.
#[tokio::test]
async fn the_longest_time_of_all_is_what_sqs_grants() {
    let handler = |body: Body| async move {
        match &*body {
            "after" => Err::<(), _>(Failure::retry_after(Duration::MAX)),
            _ => Err(Failure::retry("told to fail")),
        }
    };
    for (backoff, least) in [
        (Backoff::fixed(Duration::MAX), 12 * 3_600 - 600),
        (Backoff::by(|_, _| Some(Duration::MAX)), 12 * 3_600 - 600),
        (Backoff::exponential(Duration::MAX, Duration::MAX), 0),
    ] {
        let told = Arc::new(RecordingQueue::new());
        let shown = format!("{backoff:?}");
        let consumer = Consumer::new(handler).without_idempotency();
        let harness = Harness::new(consumer.queue(Queue::new(Arc::clone(&told)).backoff(backoff)));
        harness.deliver(&orders(&["after", "fail"])).await;
        let [(_, after), (_, fail)] = hidden(&told)[..] else { panic!("both are hidden") };
        assert_eq!(after, 12 * 3_600 - 600, "{shown}");
        assert!((least..=12 * 3_600 - 600).contains(&fail), "{shown}: {fail}");
    }
}

#[tokio::test]
async fn followers_of_a_failed_fifo_message_are_given_back_at_once() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue.backoff(Backoff::fixed(Duration::from_secs(40)))));
    let message = |id: &str, body: &str, group: &str| Message::text(body).id(id).group(group);
    let event = Event::fifo("ledger").message(message("a1", "ok", "a")).message(message("a2", "fail", "a"));
    let event =
        event.message(message("b1", "ok", "b")).message(message("a3", "ok", "a")).message(message("a4", "ok", "a"));
    harness.deliver(&event).await.assert_done("b1").assert_not_started("a3").because("its group failed");
    assert_eq!(hidden(&told), [("a2", 40), ("a3", 0), ("a4", 0)].map(|(id, time)| (id.to_owned(), time)));
}

#[tokio::test]
async fn a_refusal_changes_nothing_for_the_messages() {
    let told = Arc::new(RecordingQueue::new().denied());
    let harness =
        Harness::new(telling(&told, |queue| queue.dead_letter_queue("arn:aws:sqs:eu-west-1:123456789012:dead")));
    let delivered = harness.deliver(&orders(&["ok", "fail", "reject"])).await;
    delivered.assert_done("ok").assert_returned(["fail", "reject"]);
    delivered.assert_refused("fail").assert_refused("reject");
    assert!(delivered.report().records().all(|record| record.last_word.hidden_for().is_none()));
    let table = format!("{delivered:?}");
    assert!(table.contains("refused  told to fail"), "{table}");
}

/// Calls are at most ten entries, and a record that cannot be named is in none.
#[tokio::test]
async fn many_failures_are_told_in_tens() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue));
    let event = Event::standard("orders").messages((0..101).map(|n| Message::text("fail").id(format!("m{n}"))));
    harness.deliver(&event).await;
    let ids: Vec<String> = hidden(&told).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, (0..101).map(|n| format!("m{n}")).collect::<Vec<_>>());
    assert_eq!(told.requests(), 11);
}

/// Without time nothing is told, and the answer is the same.
#[tokio::test(start_paused = true)]
async fn an_answer_is_not_held_up_by_a_queue_that_does_not_answer() {
    let told = Arc::new(RecordingQueue::new().silent());
    let harness = Harness::new(telling(&told, |queue| queue)).deadline(Duration::from_secs(30));
    let before = harness.clock().monotonic();
    harness.deliver(&orders(&["ok", "fail"])).await.assert_returned(["fail"]);
    let took = harness.clock().monotonic() - before;
    assert!(took <= Duration::from_secs(15) && !took.is_zero(), "{took:?}");
}

#[tokio::test]
async fn a_message_that_a_copy_was_made_of_is_told_once() {
    let told = Arc::new(RecordingQueue::new());
    let consumer = Consumer::new(obey).idempotency(Idempotency::memory());
    let consumer = consumer.queue(Queue::new(Arc::clone(&told)).backoff(Backoff::fixed(Duration::from_secs(9))));
    let harness = Harness::new(consumer);
    harness.deliver(&orders(&["fail", "fail"])).await;
    // Twice in the event: two receives, each with its own receipt handle.
    let timeout = Duration::from_secs(9);
    let call = || QueueCall::ChangeVisibility { message_id: "fail".into(), timeout };
    assert_eq!(told.calls(), [call(), call()]);
}
