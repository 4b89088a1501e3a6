//! What queues are set to, asked for once, and what was refused, said once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{EntryAnswer, Queue, QueueAttributes, QueueError};
use crate::batch::QueueArn;

/// How many queues are remembered: a consumer has one, or a few.
pub(crate) const MOST_QUEUES: usize = 64;

/// How long a queue is asked at most: that time is paid for.
const LONGEST_QUESTION: Duration = Duration::from_secs(10);

/// What a process knows of its queues.
#[derive(Default)]
pub(crate) struct Known {
    attributes: Mutex<BTreeMap<Box<str>, QueueAttributes>>,
    /// Which calls were denied, as far as that was said: each is a permission of its own.
    said: Mutex<BTreeSet<&'static str>>,
}

impl Known {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Box<str>, QueueAttributes>> {
        self.attributes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of(&self, queue: QueueArn<'_>) -> Option<QueueAttributes> {
        self.all().get(queue.as_str()).cloned()
    }

    pub(crate) fn learn(&self, queue: QueueArn<'_>, attributes: QueueAttributes) {
        let mut all = self.all();
        if all.len() < MOST_QUEUES {
            all.insert(queue.as_str().into(), attributes);
        }
    }

    /// Says why SQS did not do something. What only a change of the deployment can mend is said once in a process, for each kind of call.
    pub(crate) fn refused(&self, what: &'static str, error: &QueueError) {
        if !error.is_denied() {
            tracing::warn!(what, %error, "SQS refused, or did not answer; messages come back as the queue has it");
        } else if self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(what) {
            tracing::warn!(
                what, %error,
                "the queue may not be told: check the role's permissions and the queue's name; messages come back as without"
            );
        }
    }
}

/// How long a queue may be asked: a quarter of the time at most. A batch is worth more than the best that could be done with its
/// failures.
pub(crate) fn time_to_learn(time_left: Option<Duration>) -> Duration {
    time_left.map_or(LONGEST_QUESTION, |left| LONGEST_QUESTION.min(left / 4))
}

impl Queue {
    /// Says what was refused of these entries: one line for each call of a batch is enough.
    pub(crate) fn say(&self, what: &'static str, answers: &[EntryAnswer]) {
        if let Some(error) = answers.iter().find_map(|answer| answer.as_ref().err()) {
            self.known.refused(what, error);
        }
    }

    /// Whether what the queue is set to matters and is not known.
    pub(crate) fn has_to_learn(&self, queue: QueueArn<'_>) -> bool {
        self.asks_for_attributes(queue) && self.known.of(queue).is_none()
    }

    /// Asks what the queue is set to.
    pub(crate) async fn learn(&self, queue: QueueArn<'_>, time: Duration) {
        match self.client.attributes(queue, Some(time)).await {
            Ok(attributes) => self.known.learn(queue, attributes),
            Err(error) => {
                self.known.refused("GetQueueAttributes", &error);
                if error.is_denied() {
                    // Asking with every batch would cost a request and tell nothing new.
                    self.known.learn(queue, QueueAttributes::default());
                }
            }
        }
    }
}
