//! What sampling does to a queue: next to nothing, and it stops before it does harm.

use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use sqs_runtime::{
    Clock as _,
    batch::{QueueArn, Record},
    queue::{
        DeadLetter, EntryAnswer, OpenQueue, QueueAttributes, QueueClient, QueueError, QueueName, QueueSource,
        ReceiveRequest, ReceivedMessage, VisibilityChange,
    },
    testkit::{MemoryQueue, PausedClock, QueueSettings, SentMessage},
};
use sqs_runtime_cli::aws::sample::{Asked, End, Refused, Sample, sample};

pub(crate) const URL: &str = "https://queue.test/123456789012/orders";

pub(crate) const TEN: Asked = Asked { most: 10, force: false };

/// A queue with that many messages.
pub(crate) fn queue(name: &str, max_receive_count: Option<u32>, messages: usize) -> (MemoryQueue, PausedClock) {
    let clock = PausedClock::new();
    let mut settings = QueueSettings::new(name);
    settings.max_receive_count = max_receive_count;
    let queue = MemoryQueue::new(settings, clock.clone());
    for number in 0..messages {
        let message = SentMessage::new(format!("{{\"order\":{number}}}"));
        let message = if name.ends_with(".fifo") {
            message.group((number % 2).to_string()).deduplication_id(number.to_string())
        } else {
            message
        };
        queue.enqueue(message).expect("a new message");
    }
    (queue, clock)
}

fn counts(sample: &Sample) -> Vec<&str> {
    let count = |message: &'_ ReceivedMessage| {
        message.attributes.iter().position(|(name, _)| name == "ApproximateReceiveCount")
    };
    sample.messages.iter().map(|message| message.attributes[count(message).expect("a count")].1.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_received_is_visible_again_at_once() {
    let (queue, clock) = queue("orders", None, 25);
    let begun = clock.monotonic();
    let sampled = sample(&queue, URL, Asked { most: 100, force: false }).await.expect("messages");
    assert_eq!((sampled.messages.len(), sampled.kept.len()), (25, 0));
    assert!(matches!(sampled.end, End::NothingMore), "{:?}", sampled.end);
    assert_eq!((queue.visible(), queue.len()), (25, 25));
    // Nothing but the wait for more.
    assert_eq!(clock.monotonic() - begun, Duration::from_secs(1));
    let again = sample(&queue, URL, TEN).await.expect("messages");
    assert_eq!(counts(&again), ["2"; 10]);
    assert!(matches!(again.end, End::Enough), "{:?}", again.end);
}

#[tokio::test(start_paused = true)]
async fn groups_keep_their_order() {
    let url = "https://queue.test/123456789012/orders.fifo";
    let (queue, _) = queue("orders.fifo", Some(5), 6);
    let sampled = sample(&queue, url, TEN).await.expect("messages");
    assert_eq!(sampled.messages.len(), 6);
    let next = queue.receive(10).expect("they are visible").to_batch();
    let ids: Vec<_> = sampled.messages.iter().map(|message| message.message_id.as_str()).collect();
    let of_next: Vec<_> = (0..next.len()).filter_map(|index| next.message_id(index)).collect();
    assert_eq!(of_next, ids);
}

#[tokio::test(start_paused = true)]
async fn no_message_is_taken_from_its_consumer() {
    let (queue, _) = queue("orders", Some(3), 25);
    let first = sample(&queue, URL, TEN).await.expect("messages");
    assert!(matches!(first.end, End::Enough), "{:?}", first.end);
    // The second receive of three: one is left for the consumer.
    let many = Asked { most: 100, force: false };
    let second = sample(&queue, URL, many).await.expect("messages");
    assert!(matches!(second.end, End::FewReceivesLeft), "{:?}", second.end);
    assert!(second.messages.len() < 25 && queue.visible() == 25);
    let forced = sample(&queue, URL, Asked { force: true, ..many }).await.expect("messages");
    assert_eq!(forced.messages.len(), 25);
}

#[tokio::test(start_paused = true)]
async fn the_only_receive_is_not_spent() {
    let (queue, _) = queue("orders", Some(1), 1);
    let refused = sample(&queue, URL, TEN).await.expect_err("it is refused");
    assert!(matches!(refused, Refused::OnlyReceive) && refused.to_string().contains("--force"), "{refused}");
    assert_eq!(queue.receives(), 0);
    let forced = sample(&queue, URL, Asked { force: true, ..TEN }).await.expect("messages");
    assert_eq!(counts(&forced), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_and_one_that_is_not_there_are_told_apart() {
    let (queue, _) = queue("orders", None, 0);
    assert!(sample(&queue, URL, TEN).await.expect("an answer").messages.is_empty());
    let refused = sample(&queue, "https://queue.test/123456789012/other", TEN).await.expect_err("no such queue");
    assert!(refused.is_denied(), "{refused}");
}

/// A queue that breaks after its first answer, and takes nothing back.
struct Broken(MemoryQueue);

impl QueueClient for Broken {
    fn attributes<'a>(
        &'a self,
        queue: QueueArn<'a>,
        time: Option<Duration>,
    ) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        self.0.attributes(queue, time)
    }

    fn change_visibility<'a>(
        &'a self,
        _: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        _: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        let answer = |(place, _)| Err(if place == 0 { QueueError::lost("over") } else { QueueError::denied("no") });
        Box::pin(ready(changes.iter().enumerate().map(answer).collect()))
    }

    fn send<'a>(
        &'a self,
        _: QueueName<'a>,
        _: &'a [DeadLetter],
        _: Option<Duration>,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        panic!("nothing is sent")
    }

    fn delete<'a>(&'a self, _: QueueArn<'a>, _: &'a [Record], _: Option<Duration>) -> BoxFuture<'a, Vec<EntryAnswer>> {
        panic!("nothing is deleted")
    }
}

impl QueueSource for Broken {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        self.0.open(queue)
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        let is_first = self.0.receives() == 0;
        if is_first {
            QueueSource::receive(&self.0, queue, request)
        } else {
            Box::pin(ready(Err(QueueError::new("slow down"))))
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stays_hidden_is_named_and_what_was_seen_is_not_lost() {
    let (queue, _) = queue("orders", None, 12);
    let sampled = sample(&Broken(queue), URL, Asked { most: 20, force: false }).await.expect("messages");
    assert_eq!(sampled.messages.len(), 10);
    assert!(matches!(&sampled.end, End::Failed(error) if error.to_string() == "slow down"), "{:?}", sampled.end);
    // The first is visible already: its receive is over.
    let kept: Vec<_> = sampled.kept.iter().map(|kept| (kept.message_id.as_str(), kept.why.as_str())).collect();
    let expected: Vec<_> = sampled.messages[1..].iter().map(|message| (message.message_id.as_str(), "no")).collect();
    assert_eq!(kept, expected);
}
