//! How many messages wait in the queues: asked for when somebody looks, and once a minute at most.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use tokio::sync::Mutex;

use crate::{
    batch::QueueArn,
    run::{pipeline::in_time, worker::Common},
};

/// How long an answer is good.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// How long whoever looks waits for SQS.
const LONGEST: Duration = Duration::from_secs(2);

/// By the name of the queue; those of the same name together.
pub(super) type Waiting = BTreeMap<Box<str>, u64>;

/// What was said last.
#[derive(Default)]
pub(super) struct Backlog(Mutex<Option<(Duration, Waiting)>>);

impl Backlog {
    /// A queue that does not say is left out until it is asked again.
    pub(super) async fn of(&self, common: &Common) -> Waiting {
        let (mut known, now) = (self.0.lock().await, common.seams.clock.monotonic());
        match &*known {
            Some((at, waiting)) if now.saturating_sub(*at) < GOOD_FOR => waiting.clone(),
            _ => {
                let waiting = ask(common).await;
                *known = Some((now, waiting.clone()));
                waiting
            }
        }
    }
}

async fn ask(common: &Common) -> Waiting {
    let answers = join_all(common.health.queues().map(|arn| ask_one(common, QueueArn::new(arn)))).await;
    let mut waiting = Waiting::new();
    for (name, messages) in answers.into_iter().flatten() {
        *waiting.entry(name).or_default() += messages;
    }
    waiting
}

async fn ask_one(common: &Common, queue: QueueArn<'_>) -> Option<(Box<str>, u64)> {
    const SILENT: &str = "a queue does not say how many messages wait in it";
    let asking = async { common.source.attributes(queue, Some(LONGEST)).await };
    match in_time(asking, LONGEST, &common.seams.clock).await {
        Ok(Ok(attributes)) => return Some((queue.name()?.into(), attributes.backlog?)),
        Ok(Err(error)) => tracing::debug!(%error, "{SILENT}"),
        Err(error) => tracing::debug!(%error, "{SILENT}"),
    }
    None
}
