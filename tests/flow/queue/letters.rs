//! What goes to the dead-letter queue at once.

use std::sync::Arc;

use sqs_runtime::{
    Consumer, Idempotency, SystemClock,
    batch::Batch,
    claim::Mode,
    outcome::{Reason, ReasonClass},
    queue::{DeadLetter, Queue, RedrivePolicy},
    testkit::{
        ManualClock, MemoryQueue, QueueCall, QueueSettings, RecordingQueue,
        event::{Event, Message},
        harness::Harness,
    },
};

use super::{copied, hidden, obey, orders, telling};

const DEAD: &str = "arn:aws:sqs:eu-west-1:123456789012:orders-dead";
const DEAD_FIFO: &str = "arn:aws:sqs:eu-west-1:123456789012:ledger-dead.fifo";

#[tokio::test]
async fn what_is_rejected_is_copied_first_and_then_deleted() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue.dead_letter_queue(DEAD)));
    let delivered = harness.deliver(&orders(&["ok", "reject", "fail"])).await;
    delivered.assert_rejected("reject").because("told to reject (sent to the dead-letter queue)");
    delivered.assert_dead_lettered("reject").assert_returned(["fail"]);
    let reason = "the handler failed".to_owned();
    assert_eq!(told.calls().first(), Some(&QueueCall::SendToDeadLetter { message_id: "reject".into(), reason }));
    assert_eq!((copied(&told).len(), hidden(&told).len()), (1, 1));
}

#[tokio::test]
#[should_panic(expected = "reject to be in the dead-letter queue, but it is \"rejected\"")]
async fn a_message_that_was_not_copied_is_shown() {
    let denied = Arc::new(RecordingQueue::new().denied());
    let harness = Harness::new(telling(&denied, |queue| queue.dead_letter_queue(DEAD)));
    harness.deliver(&orders(&["reject"])).await.assert_dead_lettered("reject");
}

/// A process that was denied sends no copy; the next one does, and says what the first heard.
#[tokio::test]
async fn it_is_sent_again_where_that_was_not_confirmed_and_its_handler_does_not_run_again() {
    let store = Arc::new(sqs_runtime::claim::MemoryStore::new(SystemClock::new()));
    let consumer = |queue: Queue| {
        let idempotency = Idempotency::new(Arc::clone(&store)).handler_version("1");
        Consumer::new(obey).idempotency(idempotency).queue(queue.dead_letters_by_redrive_policy())
    };
    let denied = Queue::new(RecordingQueue::new().redrive_policy(RedrivePolicy::new(DEAD, 5)).denied());
    let delivered = Harness::new(consumer(denied)).deliver(&orders(&["reject"])).await;
    delivered.assert_runs("reject", 1).assert_returned(["reject"]);
    let queue = Arc::new(MemoryQueue::new(QueueSettings::new("orders"), ManualClock::new()));
    let delivered = Harness::new(consumer(Queue::new(Arc::clone(&queue)))).deliver(&delivered.returned()).await;
    delivered.assert_runs("reject", 0).assert_returned([]);
    let [copy] = &*queue.dead_letters() else { panic!("one copy") };
    let expected = [
        ("OriginalMessageId", "reject"),
        ("DeadLetterReason", "rejected before"),
        ("DeadLetterError", "the handler failed: told to reject"),
        ("OriginalReceiveCount", "2"),
    ];
    assert_eq!(attributes(copy)[..4], expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// For five minutes a FIFO queue stores no second message under one deduplication id, and answers as if it had.
#[tokio::test]
async fn what_is_rejected_again_after_a_redrive_is_there_again() {
    let queue = Arc::new(MemoryQueue::new(QueueSettings::new("ledger.fifo"), ManualClock::new()));
    let consumer = Consumer::new(obey).without_idempotency();
    let consumer = consumer.queue(Queue::new(Arc::clone(&queue)).dead_letters_by_redrive_policy());
    let (harness, message) = (Harness::new(consumer), |id: &str| Message::text("reject").id(id).group("g"));
    let redriven = message("m2").attribute("OriginalMessageId", "m1");
    for message in [message("m1"), redriven.clone(), redriven] {
        harness.deliver(&Event::fifo("ledger").message(message)).await.assert_returned([]);
    }
    // Of one message one copy is enough.
    let copies: Vec<_> = queue.dead_letters().iter().map(|copy| copy.record().message_id().to_owned()).collect();
    assert_eq!(copies, ["m1", "m2"]);
}

#[tokio::test]
async fn what_has_no_key_or_cannot_be_decoded_goes_there_too() {
    let told = Arc::new(RecordingQueue::new());
    let idempotency = Idempotency::memory().key(sqs_runtime::claim::Key::pointer("/id").same_body());
    let consumer = Consumer::new(|_: sqs_runtime::extract::Json<u64>| async {}).idempotency(idempotency);
    let harness = Harness::new(consumer.queue(Queue::new(Arc::clone(&told)).dead_letter_queue(DEAD)));
    let event = orders(&["no JSON"]).message(Message::text(r#"{"id":1}"#).id("no number"));
    harness.deliver(&event).await.assert_returned([]);
    let mut ids = copied(&told);
    ids.sort();
    assert_eq!(ids, ["no JSON", "no number"]);
}

#[tokio::test]
async fn what_is_too_large_goes_there_and_what_is_malformed_is_left_to_the_redrive_policy() {
    let told = Arc::new(RecordingQueue::new());
    let consumer = telling(&told, |queue| queue.dead_letter_queue(DEAD)).body_limit(4);
    let harness = Harness::new(consumer);
    harness.deliver(&orders(&["ok", "too large"])).await.assert_rejected("too large");
    assert_eq!(copied(&told), ["too large"]);
    let malformed = Event::standard("orders").message(Message::text("ok").id("m")).to_json();
    let malformed = malformed.replace(r#""messageAttributes":{}"#, r#""messageAttributes":{"a":{"dataType":"Odd"}}"#);
    let delivered = harness.deliver(&Event::from_json(&malformed).expect("an SQS event")).await;
    delivered.assert_rejected("m").because("malformed");
    delivered.assert_returned(["m"]);
}

#[tokio::test]
async fn the_redrive_policy_names_the_queue_and_is_asked_for_once() {
    let told = Arc::new(RecordingQueue::new().redrive_policy(RedrivePolicy::new(DEAD, 5)));
    let harness = Harness::new(telling(&told, Queue::dead_letters_by_redrive_policy));
    for _ in 0..3 {
        harness.deliver(&orders(&["reject"])).await.assert_returned([]);
    }
    assert_eq!((copied(&told).len(), told.questions()), (3, 1));
    // Without a policy there is nowhere to send it to.
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, Queue::dead_letters_by_redrive_policy));
    harness.deliver(&orders(&["reject"])).await.assert_returned(["reject"]);
    assert_eq!(copied(&told), [""; 0]);
}

fn message(id: &str, body: &str, receives: u32) -> Message {
    Message::text(body).id(id).group("a").receive_count(receives)
}

#[tokio::test]
async fn a_fifo_group_goes_on_behind_a_message_that_left_the_queue() {
    let told = Arc::new(RecordingQueue::new());
    let harness = Harness::new(telling(&told, |queue| queue.dead_letter_queue(DEAD_FIFO).max_receive_count(5)));
    let event = Event::fifo("ledger").message(message("a1", "reject", 1)).message(message("a2", "ok", 1));
    harness.deliver(&event).await.assert_done("a2").assert_returned([]);
    // Denied: it stays, and so do those behind it.
    let denied = Arc::new(RecordingQueue::new().denied());
    let harness = Harness::new(telling(&denied, |queue| queue.dead_letter_queue(DEAD_FIFO).max_receive_count(5)));
    harness.deliver(&event).await.assert_returned(["a1", "a2"]);
}

#[tokio::test]
async fn a_fifo_message_that_fails_at_its_last_receive_but_one_leaves_those_behind_it_a_delivery() {
    let told = Arc::new(RecordingQueue::new().redrive_policy(RedrivePolicy::new(DEAD_FIFO, 5)));
    let harness = Harness::new(telling(&told, |queue| queue.dead_letter_queue(DEAD_FIFO)));
    let event = |receives| {
        Event::fifo("ledger").message(message("a1", "fail", receives)).message(message("a2", "ok", receives))
    };
    harness.deliver(&event(3)).await.assert_returned(["a1", "a2"]);
    harness.deliver(&event(4)).await.assert_done("a2").assert_returned([]);
    assert_eq!(copied(&told), ["a1"]);
    // A standard queue has no one behind.
    let harness = Harness::new(telling(&told, |queue| queue.dead_letter_queue(DEAD).max_receive_count(5)));
    harness.deliver(&Event::standard("orders").message(message("b", "fail", 4))).await.assert_returned(["b"]);
}

/// Without rows nobody knows that a run was never heard of: at its last receive a message has its run.
#[tokio::test]
async fn a_fifo_message_that_may_never_have_started_runs_at_its_last_receive() {
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        let told = Arc::new(RecordingQueue::new());
        let queue = Queue::new(Arc::clone(&told)).dead_letter_queue(DEAD_FIFO).max_receive_count(5);
        let consumer = Consumer::new(obey).idempotency(Idempotency::memory().mode(mode)).queue(queue);
        let event = Event::fifo("ledger").message(message("a1", "ok", 5)).message(message("a2", "ok", 5));
        Harness::new(consumer).deliver(&event).await.assert_done("a1").assert_done("a2");
    }
}

fn letter(message: Message, is_fifo: bool) -> Option<DeadLetter> {
    copy_of(Event::fifo("ledger").message(message), is_fifo)
}

fn copy_of(event: Event, is_fifo: bool) -> Option<DeadLetter> {
    let batch: Batch = event.to_batch();
    let reason = Reason::with_text(ReasonClass::Handler, "out of stock");
    DeadLetter::new(&batch.record(0).expect("well-formed"), &reason, is_fifo)
}

fn attributes(letter: &DeadLetter) -> Vec<(String, String)> {
    let text = |value: &sqs_runtime::batch::MessageAttribute| value.as_str().unwrap_or("binary").to_owned();
    letter.attributes().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

#[test]
fn a_copy_has_all_that_the_message_had_and_why_it_is_there() {
    let message =
        Message::text("b").id("m1").group("g").receive_count(3).attribute("tenant", "t9").trace_header("Root=1");
    let copy =
        letter(message.sent_at(std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_800_000_000_123)), true);
    let copy = copy.expect("there is room");
    assert_eq!((copy.body(), copy.group(), copy.trace_header()), ("b", Some("g"), Some("Root=1")));
    assert_eq!((copy.deduplication_id(), copy.original_id()), (Some("m1"), "m1"));
    let expected = [
        ("tenant", "t9"),
        ("OriginalMessageId", "m1"),
        ("DeadLetterReason", "the handler failed"),
        ("DeadLetterError", "out of stock"),
        ("OriginalReceiveCount", "3"),
        ("OriginalSentTimestamp", "1800000000123"),
    ];
    assert_eq!(attributes(&copy), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!format!("{copy:?}").contains("out of stock"), "{copy:?}");
}

#[test]
fn the_first_message_of_all_is_named_across_redrives() {
    let copy = letter(Message::text("b").id("m2").group("g").attribute("OriginalMessageId", "m1"), true).unwrap();
    assert_eq!((copy.original_id(), copy.deduplication_id()), ("m1", Some("m2")));
    assert_eq!(copy.attributes().filter(|(name, _)| *name == "OriginalMessageId").count(), 1);
    // What cannot be an id is none.
    for odd in [String::new(), "m 1".to_owned(), "m\u{fffe}".to_owned(), "m".repeat(101)] {
        let copy = letter(Message::text("b").id("m2").group("g").attribute("OriginalMessageId", odd), true).unwrap();
        assert_eq!(copy.original_id(), "m2");
    }
    // For a standard queue the group is a tenant, and nothing is told apart.
    let copy = letter(Message::text("b").id("m2").group("g"), false).unwrap();
    assert_eq!((copy.group(), copy.deduplication_id()), (Some("g"), None));
}

/// Nobody waits behind a message of a standard queue, and the redrive policy moves it whole. A FIFO group would go along with it.
#[test]
fn where_there_is_no_room_a_fifo_message_goes_with_as_much_as_fits() {
    let with = |event: Event, own: usize| {
        let message = Message::text("b").id("m").group("g").receive_count(1);
        copy_of(event.message((0..own).fold(message, |message, n| message.attribute(format!("a{n}"), "v"))), false)
    };
    for own in [7, 8] {
        assert_eq!(attributes(&with(Event::standard("orders"), own).expect("two are enough")).len(), 10);
    }
    assert!(with(Event::standard("orders"), 9).is_none());
    for own in [8, 9, 10] {
        let copy = with(Event::fifo("ledger"), own).expect("as much as fits");
        assert_eq!((attributes(&copy).len(), copy.original_id()), (10, "m"));
    }
    assert!(with(Event::fifo("ledger"), 11).is_none());

    let large =
        |event: Event, bytes: usize| copy_of(event.message(Message::text("x".repeat(bytes)).id("m").group("g")), false);
    assert!(large(Event::standard("orders"), DeadLetter::MAX_BYTES - 300).is_some());
    assert!(large(Event::standard("orders"), DeadLetter::MAX_BYTES - 10).is_none());
    for (bytes, fit) in [(300, 5), (90, 2), (40, 1), (10, 0), (0, 0)] {
        let copy = large(Event::fifo("ledger"), DeadLetter::MAX_BYTES - bytes).expect("as much as fits");
        assert_eq!((attributes(&copy).len(), copy.bytes() <= DeadLetter::MAX_BYTES), (fit, true), "{bytes}");
    }
}

/// SQS takes no message with such a character in it: the copy would never arrive.
#[test]
fn an_error_is_told_in_characters_that_sqs_takes() {
    let odd = Reason::with_text(ReasonClass::Handler, "a\u{fffe}b\u{ffff}c\u{0}d");
    assert_eq!(odd.text(), Some(r"a\u{fffe}b\u{ffff}c\u{0}d"));
}
