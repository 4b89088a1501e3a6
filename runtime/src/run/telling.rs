//! The queue of a function that says nothing about failures.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::{
    Consumer, Error,
    batch::{QueueArn, Record},
    queue::{
        DeadLetter, EntryAnswer, Queue, QueueAttributes, QueueClient, QueueError, QueueName, SqsClient,
        VisibilityChange,
    },
};

/// Leaves what the program does not say to the environment, as a worker does.
pub(super) fn with_queue(consumer: Consumer) -> Result<Consumer, Error> {
    if consumer.settings.queue.is_some() || consumer.settings.is_without_queue {
        return Ok(consumer);
    }
    let queue = Queue::new(Late::default()).set_by_env()?;
    Ok(consumer.queue(queue))
}

/// A client that is made when something is first said: a start does not wait for it, and a function in which nothing fails never has it.
#[derive(Default)]
struct Late(OnceCell<SqsClient>);

impl Late {
    async fn client(&self) -> &SqsClient {
        self.0.get_or_init(SqsClient::from_env).await
    }
}

type Time = Option<Duration>;

impl QueueClient for Late {
    fn attributes<'a>(&'a self, queue: QueueArn<'a>, time: Time) -> BoxFuture<'a, Result<QueueAttributes, QueueError>> {
        Box::pin(async move { self.client().await.attributes(queue, time).await })
    }

    fn change_visibility<'a>(
        &'a self,
        queue: QueueArn<'a>,
        changes: &'a [VisibilityChange],
        time: Time,
    ) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move { self.client().await.change_visibility(queue, changes, time).await })
    }

    fn send<'a>(&'a self, to: QueueName<'a>, letters: &'a [DeadLetter], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move { self.client().await.send(to, letters, time).await })
    }

    fn delete<'a>(&'a self, queue: QueueArn<'a>, records: &'a [Record], time: Time) -> BoxFuture<'a, Vec<EntryAnswer>> {
        Box::pin(async move { self.client().await.delete(queue, records, time).await })
    }
}
