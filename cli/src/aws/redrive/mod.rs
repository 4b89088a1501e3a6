//! `redrive`: dead letters back to a queue, by a task that SQS runs itself.

mod progress;
mod watch;

use aws_sdk_sqs::Client;
use sqs_runtime::batch::QueueArn;

pub use self::{
    progress::{Progress, State},
    watch::watch,
};
use super::said::said;

/// Where dead letters go.
#[derive(Clone, Debug)]
pub struct Move {
    /// The dead-letter queue's ARN.
    pub from: String,
    /// The queue's ARN. Always named: without it SQS sends each message where a redrive policy took it from, and has no place for
    /// what a consumer, or anybody else, sent to the dead-letter queue.
    pub to: String,
    /// At most so many messages in a second.
    pub rate: Option<i32>,
}

impl Move {
    /// What SQS would refuse, or what would move nothing, before it is asked.
    #[must_use]
    pub fn mistake(&self) -> Option<&'static str> {
        let (from, to) = (QueueArn::new(&self.from), QueueArn::new(&self.to));
        if from.name().is_none() || to.name().is_none() {
            return Some("queues are named by their ARNs here, arn:aws:sqs:REGION:ACCOUNT:NAME");
        }
        if self.from == self.to {
            return Some("both are the same queue");
        }
        if from.is_fifo() != to.is_fifo() {
            return Some("one is a FIFO queue and the other is not: SQS moves messages between queues of one kind");
        }
        (from.region() != to.region()).then_some("the queues are in two regions: SQS moves messages within one")
    }
}

/// A task that was started.
#[derive(Clone, Debug)]
pub struct Started {
    /// What cancels it.
    pub handle: String,
    from: String,
    /// When the latest task before it was started: a task that is over has no handle any more.
    earlier_ms: Option<i64>,
}

/// Starts the task.
///
/// # Errors
///
/// If SQS refuses: another task of this queue runs, it is nobody's dead-letter queue, or the role may not.
pub async fn start(client: &Client, task: &Move) -> Result<Started, String> {
    let earlier_ms = progress::tasks(client, &task.from).await?.iter().map(|task| task.progress.started_ms).max();
    let request = client.start_message_move_task().source_arn(&task.from).destination_arn(&task.to);
    let request = request.set_max_number_of_messages_per_second(task.rate);
    let answer = request.send().await.map_err(|error| said(&error))?;
    let handle = answer.task_handle.ok_or("SQS gave no handle for the task")?;
    Ok(Started { handle, from: task.from.clone(), earlier_ms })
}

/// Ends a task, and says how many messages it had moved. They stay where they are now.
///
/// # Errors
///
/// If SQS refuses, or there is no such task.
pub async fn cancel(client: &Client, handle: &str) -> Result<i64, String> {
    let answer = client.cancel_message_move_task().task_handle(handle).send().await.map_err(|error| said(&error))?;
    Ok(answer.approximate_number_of_messages_moved)
}
