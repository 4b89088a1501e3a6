//! Following a task to its end.

use std::time::Duration;

use aws_sdk_sqs::Client;
use sqs_runtime::Clock;

use super::{
    Progress, Started,
    progress::{Task, tasks},
};

/// How long is waited between two looks. SQS counts about, and late.
const PAUSE: Duration = Duration::from_secs(5);

/// In how many looks a task has to be there that was started just now.
const LOOKS: u32 = 6;

/// Looks at a task until it is over, tells each look, and gives the last one.
///
/// # Errors
///
/// If SQS does not say, or does not list the task. The task goes on.
pub async fn watch(
    client: &Client,
    clock: &dyn Clock,
    task: &Started,
    mut tell: impl FnMut(&Progress),
) -> Result<Progress, String> {
    let mut unseen = 0;
    while unseen < LOOKS {
        match tasks(client, &task.from).await?.into_iter().find(|listed| is_it(listed, task)) {
            Some(Task { progress, .. }) => {
                tell(&progress);
                if progress.is_over() {
                    return Ok(progress);
                }
            }
            None => unseen += 1,
        }
        clock.sleep(PAUSE).await;
    }
    Err("SQS does not list the task".to_owned())
}

/// By its handle while it runs; then as the one that was started behind all earlier ones.
fn is_it(listed: &Task, task: &Started) -> bool {
    match &listed.handle {
        Some(handle) => *handle == task.handle,
        None => Some(listed.progress.started_ms) > task.earlier_ms,
    }
}
