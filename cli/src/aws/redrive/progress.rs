//! How far a task is.

use std::fmt;

use aws_sdk_sqs::{Client, types::ListMessageMoveTasksResultEntry as Entry};

use crate::aws::said::said;

/// How far a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// When it was started, milliseconds since 1970: what tells it from other tasks once it is over and has no handle any more.
    pub started_ms: i64,
    /// Whether it goes on.
    pub state: State,
    /// How many messages it has moved, about.
    pub moved: i64,
    /// How many there were to move, about; `None` where SQS does not say.
    pub of: Option<i64>,
}

/// Whether a task goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes on, or is about to end.
    Running,
    /// It moved all there was.
    Completed,
    /// Somebody cancelled it.
    Cancelled,
    /// It ended for that reason.
    Failed(String),
}

/// The tasks that SQS remembers of a queue: the latest ten.
pub(super) async fn tasks(client: &Client, from: &str) -> Result<Vec<Task>, String> {
    let answer = client.list_message_move_tasks().source_arn(from).max_results(10).send().await;
    let entries = answer.map_err(|error| said(&error))?.results.unwrap_or_default();
    Ok(entries.into_iter().map(Task::of).collect())
}

/// A task as SQS lists it: with its handle while it runs.
pub(super) struct Task {
    pub(super) handle: Option<String>,
    pub(super) progress: Progress,
}

impl Task {
    fn of(entry: Entry) -> Self {
        let state = match entry.status.as_deref() {
            Some("COMPLETED") => State::Completed,
            Some("CANCELLED") => State::Cancelled,
            Some("FAILED") => State::Failed(entry.failure_reason.unwrap_or_else(|| "no reason was given".to_owned())),
            _ => State::Running,
        };
        let progress = Progress {
            started_ms: entry.started_timestamp,
            state,
            moved: entry.approximate_number_of_messages_moved,
            of: entry.approximate_number_of_messages_to_move,
        };
        Self { handle: entry.task_handle, progress }
    }
}

impl Progress {
    /// Whether nothing is moved any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state != State::Running
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} moved", self.moved)?;
        if let Some(of) = self.of {
            write!(f, " of {of}")?;
        }
        match &self.state {
            State::Running => Ok(()),
            State::Completed => f.write_str(", completed"),
            State::Cancelled => f.write_str(", cancelled"),
            State::Failed(reason) => write!(f, ", failed: {reason}"),
        }
    }
}
