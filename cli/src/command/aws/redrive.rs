//! `sqs-runtime redrive DLQ-ARN --to QUEUE-ARN`.

use std::pin::pin;

use clap::Args;
use futures_util::future::{Either, select};
use sqs_runtime::SystemClock;

use super::{Ended, Notes, client, name_of, note, printable};
use crate::aws::redrive::{Move, Started, State, cancel, start, watch};

/// Sends dead letters back to a queue, by a task that SQS runs itself.
///
/// The messages get new ids, so that keys by message id do not know them: what was done runs once more. With keys of one's own what was
/// done stays done. The destination is always named: SQS does not know where letters came from that a consumer sent itself.
///
/// Ends with 0 where the task was started, or with --watch completed; with 1 where it ended otherwise or nobody watches it any more; with 2
/// where SQS refuses.
#[derive(Args)]
pub(in crate::command) struct Arguments {
    /// The dead-letter queue's ARN.
    #[arg(value_name = "DLQ-ARN")]
    from: String,
    /// The ARN of the queue that gets the messages.
    #[arg(long, value_name = "QUEUE-ARN", required_unless_present = "cancel")]
    to: Option<String>,
    /// At most so many messages in a second.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=500))]
    rate: Option<i32>,
    /// Stays until the task is over, and tells how it gets on. Ctrl-C ends that, and not the task.
    #[arg(long)]
    watch: bool,
    /// Ends the queue's task of that handle instead. What it has moved stays moved.
    #[arg(long, value_name = "TASK-HANDLE", conflicts_with_all = ["to", "rate", "watch"])]
    cancel: Option<String>,
}

pub(super) async fn main(arguments: &Arguments, notes: Notes<'_>) -> Result<Ended, String> {
    let from = &arguments.from;
    match (&arguments.cancel, &arguments.to) {
        (None, Some(to)) => {
            let task = Move { from: from.clone(), to: to.clone(), rate: arguments.rate };
            begin(&task, arguments.watch, notes).await
        }
        (handle, _) => end(from, handle.as_deref().unwrap_or_default()).await,
    }
}

async fn end(from: &str, handle: &str) -> Result<Ended, String> {
    let told = |why: String| format!("{}: {why}", name_of(from));
    let moved = cancel(&client::sqs(from).await?, handle).await.map_err(told)?;
    Ok(Ended::Well(format!("{}: cancelled; about {moved} had been moved", printable(name_of(from)))))
}

async fn begin(task: &Move, is_watched: bool, notes: Notes<'_>) -> Result<Ended, String> {
    let between = format!("{} to {}", name_of(&task.from), name_of(&task.to));
    if let Some(mistake) = task.mistake() {
        return Err(format!("{between}: {mistake}"));
    }
    let client = client::sqs(&task.from).await?;
    let started = start(&client, task).await.map_err(|why| format!("{between}: {why}"))?;
    note(notes, "the messages get new ids: with keys by message id, what was done already runs once more");
    let goes_on =
        format!("the task goes on; cancel it with\nsqs-runtime redrive {} --cancel {}", task.from, started.handle);
    if !is_watched {
        return Ok(Ended::Well(format!("{between}: started; {goes_on}")));
    }
    note(notes, &format!("{between}: started; Ctrl-C ends the watching, and not the task"));
    followed(&client, &started, notes, &between, &goes_on).await
}

/// Tells how the task gets on, until it is over or somebody presses Ctrl-C.
async fn followed(
    client: &aws_sdk_sqs::Client,
    started: &Started,
    notes: Notes<'_>,
    between: &str,
    goes_on: &str,
) -> Result<Ended, String> {
    let clock = SystemClock::new();
    let watched = watch(client, &clock, started, |progress| note(&mut *notes, &progress.to_string()));
    match select(pin!(watched), pin!(tokio::signal::ctrl_c())).await {
        Either::Left((Ok(progress), _)) => {
            let told = format!("{between}: {}", printable(&progress.to_string()));
            Ok(if progress.state == State::Completed { Ended::Well(told) } else { Ended::Found(told) })
        }
        Either::Left((Err(why), _)) => Err(format!("{between}: {why}; {goes_on}")),
        Either::Right(_) => Ok(Ended::Found(format!("{between}: {goes_on}"))),
    }
}
