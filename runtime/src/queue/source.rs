//! What a client must do beside, so that a worker can receive through it.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{QueueAttributes, QueueClient, QueueError, QueueName, ReceivedMessage};
use crate::batch::QueueArn;

/// Receives messages from SQS: what a worker needs beside [`QueueClient`].
///
/// One of your own proves itself with `testkit::conformance::sources`.
pub trait QueueSource: QueueClient {
    /// Finds the queue that is called so. A worker asks once, before its first receive.
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>>;

    /// Waits for messages and takes at most so many. None within the wait is an empty list, no error.
    ///
    /// The future is awaited to its end, but where a worker has to stop: messages that SQS has handed out to a request nobody waits for
    /// any more stay hidden for their visibility timeout. So it has to end by itself, soon after the wait.
    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>>;
}

impl<S: QueueSource + ?Sized> QueueSource for Arc<S> {
    fn open<'a>(&'a self, queue: QueueName<'a>) -> BoxFuture<'a, Result<OpenQueue, QueueError>> {
        (**self).open(queue)
    }

    fn receive<'a>(
        &'a self,
        queue: QueueArn<'a>,
        request: ReceiveRequest<'a>,
    ) -> BoxFuture<'a, Result<Vec<ReceivedMessage>, QueueError>> {
        (**self).receive(queue, request)
    }
}

/// A queue that was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenQueue {
    /// Its Amazon Resource Name, by which everything else calls it.
    pub arn: Box<str>,
    /// What it is set to.
    pub attributes: QueueAttributes,
}

impl OpenQueue {
    /// A queue with that name.
    pub fn new(arn: impl Into<Box<str>>, attributes: QueueAttributes) -> Self {
        Self { arn: arn.into(), attributes }
    }
}

/// What is asked for in one receive.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReceiveRequest<'a> {
    /// At most so many messages, 1 to 10.
    pub most: usize,
    /// How long SQS waits for the first one, at most 20 s.
    pub wait: Duration,
    /// For how long nobody else receives them, counted from the answer.
    pub visibility_timeout: Duration,
    /// On a FIFO queue: the same again after a receive without an answer, so that SQS gives the same messages again.
    pub attempt: Option<&'a str>,
}

impl ReceiveRequest<'_> {
    /// A request for that.
    #[must_use]
    pub fn new(most: usize, wait: Duration, visibility_timeout: Duration) -> Self {
        Self { most, wait, visibility_timeout, attempt: None }
    }
}
