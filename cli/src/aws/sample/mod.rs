//! Messages of a queue, looked at and given back.
//!
//! There is no way to look into a queue but a receive, and a receive counts: as the last one before the redrive policy's number it takes
//! the message from its consumer. So sampling ends where that comes near.

mod give_back;
mod refused;

use std::{collections::BTreeSet, time::Duration};

use sqs_runtime::{
    batch::QueueArn,
    queue::{MAX_ENTRIES, OpenQueue, QueueError, QueueName, QueueSource, ReceiveRequest, ReceivedMessage},
};

pub use self::{give_back::Kept, refused::Refused};

/// For how long messages are hidden at most, where nobody gives them back: the process was killed.
pub const HIDDEN: Duration = Duration::from_secs(30);

/// How long a receive waits. A receive that does not wait asks some of SQS's servers only.
const WAIT: Duration = Duration::from_secs(1);

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// At most so many messages.
    pub most: usize,
    /// Even where a receive is a message's last one, or the last but one.
    pub force: bool,
}

/// Messages that were received and given back.
#[derive(Debug)]
pub struct Sample {
    /// Their queue.
    pub queue: OpenQueue,
    /// In the order in which they came.
    pub messages: Vec<ReceivedMessage>,
    /// Why there are no more.
    pub end: End,
    /// What is still hidden, since SQS did not take it back.
    pub kept: Vec<Kept>,
}

/// Why a sample has no more messages.
#[derive(Debug)]
pub enum End {
    /// It has as many as were asked for.
    Enough,
    /// The queue gave no other.
    NothingMore,
    /// One of them has a single receive left, or none.
    FewReceivesLeft,
    /// A receive failed.
    Failed(QueueError),
}

/// Receives messages, and makes them visible again.
///
/// # Errors
///
/// If nothing could be received, or must not be.
pub async fn sample(client: &dyn QueueSource, url: &str, asked: Asked) -> Result<Sample, Refused> {
    let queue = client.open(QueueName::Url(url)).await.map_err(Refused::Queue)?;
    let limit = limit(&queue);
    if limit == Some(1) && !asked.force {
        return Err(Refused::OnlyReceive);
    }
    let arn = QueueArn::new(&queue.arn);
    let (messages, end) = receive(client, arn, limit.filter(|_| !asked.force), asked.most).await;
    let kept = give_back::all(client, arn, &messages).await;
    match end {
        End::Failed(error) if messages.is_empty() => Err(Refused::Queue(error)),
        end => Ok(Sample { queue, messages, end, kept }),
    }
}

async fn receive(
    client: &dyn QueueSource,
    arn: QueueArn<'_>,
    limit: Option<u32>,
    most: usize,
) -> (Vec<ReceivedMessage>, End) {
    let mut messages = Vec::new();
    while messages.len() < most {
        let request = ReceiveRequest::new(MAX_ENTRIES.min(most - messages.len()), WAIT, HIDDEN);
        let received = match client.receive(arn, request).await {
            Ok(received) => received,
            Err(error) => return (messages, End::Failed(error)),
        };
        // What is there already came back by itself: that took so long that everything was seen. Its last receive is the one that counts.
        let again: BTreeSet<_> = received.iter().map(|message| message.message_id.clone()).collect();
        let before = messages.len();
        messages.retain(|message: &ReceivedMessage| !again.contains(&message.message_id));
        let is_over = received.is_empty() || messages.len() < before;
        messages.extend(received);
        if is_over {
            return (messages, End::NothingMore);
        }
        if messages.iter().any(|message| has_few_receives_left(message, limit)) {
            return (messages, End::FewReceivesLeft);
        }
    }
    (messages, End::Enough)
}

/// After how many receives a message is moved to the dead-letter queue.
#[must_use]
pub fn limit(queue: &OpenQueue) -> Option<u32> {
    queue.attributes.redrive_policy.as_ref().map(|policy| policy.max_receive_count)
}

/// Whether the redrive policy takes a message after one more receive, or instead of it.
#[must_use]
pub fn has_few_receives_left(message: &ReceivedMessage, limit: Option<u32>) -> bool {
    let count = receive_count(message);
    limit.zip(count).is_some_and(|(limit, count)| count >= limit.saturating_sub(1))
}

pub(super) fn receive_count(message: &ReceivedMessage) -> Option<u32> {
    attribute(message, "ApproximateReceiveCount")?.parse().ok()
}

pub(super) fn attribute<'a>(message: &'a ReceivedMessage, name: &str) -> Option<&'a str> {
    message.attributes.iter().find_map(|(of, value)| (of == name).then_some(value.as_str()))
}
