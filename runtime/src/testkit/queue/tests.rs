//! The queue's rules.

use super::*;

/// An event is never full.
fn room(_: &Received) -> bool {
    true
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn queue(name: &str) -> Queue {
    let mut settings = QueueSettings::new(name);
    settings.visibility_timeout = seconds(30);
    Queue::new(settings)
}

fn numbers(received: &[Received]) -> Vec<u64> {
    received.iter().map(|received| received.number).collect()
}

#[test]
fn a_received_message_is_hidden_and_comes_back_with_a_higher_count_and_another_receipt() {
    let mut queue = queue("orders");
    queue.send(SentMessage::new("x"), seconds(0));
    let first = queue.receive(10, room, seconds(1)).0;
    assert!(queue.receive(10, room, seconds(30)).0.is_empty());
    let second = queue.receive(10, room, seconds(31)).0;
    assert_eq!((first[0].receive_count, second[0].receive_count), (1, 2));
    assert_ne!(first[0].receipt, second[0].receipt);
    assert_eq!(second[0].first_received_at, seconds(1));
}

#[test]
fn a_message_that_was_received_too_often_goes_to_the_dead_letter_queue() {
    let mut queue = queue("orders");
    queue.settings.max_receive_count = Some(2);
    queue.send(SentMessage::new("x"), seconds(0));
    for n in 0..2 {
        assert_eq!(queue.receive(10, room, seconds(n * 30)).0.len(), 1);
    }
    assert!(queue.receive(10, room, seconds(60)).0.is_empty());
    assert_eq!((queue.len(), queue.dead.len()), (0, 1));
}

#[test]
fn of_a_fifo_group_nothing_comes_while_an_earlier_message_is_hidden() {
    let mut queue = queue("ledger.fifo");
    for group in ["a", "a", "b"] {
        queue.send(SentMessage::new("x").group(group), seconds(0));
    }
    assert_eq!(numbers(&queue.receive(1, room, seconds(0)).0), [0]);
    assert_eq!(numbers(&queue.receive(10, room, seconds(0)).0), [2]);
    assert_eq!(numbers(&queue.receive(10, room, seconds(30)).0), [0, 1, 2]);
}

#[test]
fn a_group_on_a_standard_queue_blocks_nothing() {
    let mut queue = queue("orders");
    for _ in 0..2 {
        queue.send(SentMessage::new("x").group("tenant"), seconds(0));
    }
    assert_eq!(numbers(&queue.receive(1, room, seconds(0)).0), [0]);
    assert_eq!(numbers(&queue.receive(10, room, seconds(0)).0), [1]);
}

#[test]
fn a_deduplication_id_is_known_for_five_minutes() {
    let mut queue = queue("ledger.fifo");
    let message = || SentMessage::new("x").group("a").deduplication_id("d");
    assert!(queue.send(message(), seconds(0)).is_some());
    assert!(queue.send(message(), seconds(299)).is_none());
    assert!(queue.send(message(), seconds(300)).is_some());
}

#[test]
fn a_delete_needs_a_living_receipt_on_a_fifo_queue_only() {
    let mut fifo = queue("ledger.fifo");
    fifo.send(SentMessage::new("x").group("a"), seconds(0));
    let receipt = fifo.receive(1, room, seconds(0)).0[0].receipt;
    assert_eq!(fifo.delete(0, receipt, seconds(31)), Deletion::Refused);
    let mut standard = queue("orders");
    standard.send(SentMessage::new("x"), seconds(0));
    let receipt = standard.receive(1, room, seconds(0)).0[0].receipt;
    assert_eq!(standard.delete(0, receipt, seconds(31)), Deletion::Done);
    assert_eq!(standard.delete(0, receipt, seconds(32)), Deletion::Accepted, "deleting again succeeds");
}

#[test]
fn an_older_receipt_deletes_nothing() {
    let mut queue = queue("orders");
    queue.send(SentMessage::new("x"), seconds(0));
    let older = queue.receive(1, room, seconds(0)).0[0].receipt;
    let latest = queue.receive(1, room, seconds(30)).0[0].receipt;
    assert_eq!((queue.delete(0, older, seconds(31)), queue.len()), (Deletion::Accepted, 1));
    assert_eq!((queue.delete(0, latest, seconds(31)), queue.len()), (Deletion::Done, 0));
}

#[test]
fn of_a_fifo_group_nothing_comes_while_a_later_message_is_in_flight() {
    let mut queue = queue("ledger.fifo");
    for _ in 0..2 {
        queue.send(SentMessage::new("x").group("a"), seconds(0));
    }
    let received = queue.receive(10, room, seconds(0)).0;
    assert_eq!(queue.change_visibility(0, received[0].receipt, seconds(0), seconds(1)), Change::Done);
    assert!(queue.receive(10, room, seconds(1)).0.is_empty());
    assert_eq!(queue.change_visibility(1, received[1].receipt, seconds(0), seconds(2)), Change::Done);
    assert_eq!(numbers(&queue.receive(10, room, seconds(2)).0), [0, 1]);
}

#[test]
#[should_panic(expected = "a FIFO queue takes only messages with a group")]
fn a_fifo_message_has_a_group() {
    queue("ledger.fifo").send(SentMessage::new("x"), seconds(0));
}

#[test]
fn nothing_is_hidden_past_twelve_hours_since_its_receive() {
    const HOURS: u64 = 3_600;
    let mut queue = queue("orders");
    queue.send(SentMessage::new("x"), seconds(0));
    let receipt = queue.receive(1, room, seconds(0)).0[0].receipt;
    let mut hide = |hours: u64, now: u64| queue.change_visibility(0, receipt, seconds(hours * HOURS), seconds(now));
    assert_eq!(hide(11, 10), Change::Done);
    assert_eq!(hide(1, 11 * HOURS), Change::Done);
    assert_eq!(hide(1, 11 * HOURS + 1), Change::TooLong);
    assert_eq!(hide(1, 12 * HOURS), Change::Lost, "it is visible again");
}

#[test]
fn a_delayed_message_is_hidden_first() {
    let mut queue = queue("orders");
    queue.settings.delay = seconds(60);
    queue.send(SentMessage::new("x"), seconds(0));
    assert!(queue.receive(1, room, seconds(59)).0.is_empty());
    assert_eq!(queue.receive(1, room, seconds(60)).0[0].receive_count, 1);
}

#[test]
fn what_expired_is_neither_deleted_nor_hidden() {
    let mut queue = queue("orders");
    queue.settings.retention = seconds(60);
    queue.send(SentMessage::new("x"), seconds(0));
    let receipt = queue.receive(1, room, seconds(50)).0[0].receipt;
    assert_eq!(queue.next_change(seconds(50)), Some(seconds(60)));
    assert_eq!(queue.change_visibility(0, receipt, seconds(5), seconds(61)), Change::Lost);
    assert_eq!(queue.delete(0, receipt, seconds(61)), Deletion::Accepted);
    assert_eq!((queue.done(), queue.expired.len()), (0, 1));
}

#[test]
fn what_is_kept_too_long_expires() {
    let mut queue = queue("orders");
    queue.settings.retention = seconds(60);
    queue.send(SentMessage::new("x"), seconds(0));
    assert!(queue.receive(10, room, seconds(60)).0.is_empty());
    assert_eq!(queue.expired.len(), 1);
}

#[test]
fn a_batch_closes_before_it_is_too_large() {
    let mut queue = queue("orders");
    for _ in 0..3 {
        queue.send(SentMessage::new("x".repeat(400)), seconds(0));
    }
    let mut bytes = 0;
    let has_room = |received: &Received| {
        bytes += received.sent.body.len();
        bytes <= 1_000
    };
    let (received, is_closed) = queue.receive(10, has_room, seconds(0));
    assert_eq!((received.len(), is_closed), (2, true));
    assert_eq!(queue.receive(10, room, seconds(0)).0[0].receive_count, 1, "what had no room was not received");
}

/// A FIFO queue with two messages of a group, of which an attempt was given the first.
fn attempted() -> (Queue, Received) {
    let mut queue = queue("ledger.fifo");
    for _ in 0..2 {
        queue.send(SentMessage::new("x").group("a"), seconds(0));
    }
    let (mut received, is_again) = queue.receive_by(Some("attempt"), 1, seconds(30), seconds(0));
    assert!(!is_again);
    (queue, received.remove(0))
}

#[test]
fn an_attempt_brings_the_same_again_and_hides_it_anew() {
    let (mut queue, first) = attempted();
    let (again, is_again) = queue.receive_by(Some("attempt"), 1, seconds(30), seconds(20));
    assert_eq!((again[0].number, again[0].receipt, is_again), (first.number, first.receipt, true));
    assert!(queue.receive(10, room, seconds(49)).0.is_empty(), "the group is still held up");
    assert_eq!(numbers(&queue.receive(10, room, seconds(50)).0), [0, 1]);
}

#[test]
fn an_attempt_is_forgotten_once_anything_was_done_with_what_it_brought() {
    let (mut queue, first) = attempted();
    assert_eq!(queue.delete(0, first.receipt, seconds(20)), Deletion::Done);
    let (rest, is_again) = queue.receive_by(Some("attempt"), 1, seconds(30), seconds(20));
    assert_eq!((numbers(&rest), is_again), (vec![1], false));
}

#[test]
fn an_attempt_is_known_for_five_minutes() {
    let mut queue = queue("ledger.fifo");
    queue.send(SentMessage::new("x").group("a"), seconds(0));
    let mut ask = |at| queue.receive_by(Some("attempt"), 1, seconds(600), seconds(at));
    assert!(!ask(0).1);
    assert!(ask(299).1);
    let (received, is_again) = ask(300);
    assert!(received.is_empty() && !is_again);
}

#[test]
fn a_standard_queue_knows_no_attempts() {
    let mut queue = queue("orders");
    for _ in 0..2 {
        queue.send(SentMessage::new("x"), seconds(0));
    }
    let mut ask = || numbers(&queue.receive_by(Some("attempt"), 1, seconds(30), seconds(0)).0);
    assert_eq!((ask(), ask()), (vec![0], vec![1]));
}
