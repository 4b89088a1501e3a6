//! From a message that can never succeed to its copy in the dead-letter queue.

use std::sync::Arc;

use super::{Drive, Stored, answers::answered, tell::ask_the_queue};
use crate::{
    outcome::{Outcome, ReasonClass},
    queue::{DeadLetter, EntryAnswer, Queue, QueueName, calls::in_calls},
};

/// Letters for messages of one queue, and what became of those.
struct Post {
    outcomes: Vec<(usize, Outcome)>,
    letters: Vec<DeadLetter>,
}

impl Post {
    fn is_from(&self, letter: &DeadLetter) -> bool {
        self.letters.first().is_some_and(|first| first.record().queue_arn() == letter.record().queue_arn())
    }

    fn add(&mut self, index: usize, outcome: Outcome, letter: DeadLetter) {
        self.outcomes.push((index, outcome));
        self.letters.push(letter);
    }
}

impl Drive {
    /// Whether a copy of the message has to be in the dead-letter queue before the message may go.
    pub(super) fn goes_to_the_dead_letter_queue(&self, index: usize, outcome: &Outcome) -> bool {
        let Some(queue) = self.shared.queue.as_ref().filter(|queue| queue.has_dead_letters()) else { return false };
        match outcome {
            outcome if outcome.is_dead_lettered() => false,
            Outcome::Rejected(_) => true,
            Outcome::Retry(reason) => is_at_fault(reason.class()) && self.is_used_up(index, queue),
            _ => false,
        }
    }

    /// Whether a FIFO message has at most one receive left. Each of its retries spends a receive of those behind it in its group: if
    /// it took the last one too, they would go to the dead-letter queue without a start.
    fn is_used_up(&self, index: usize, queue: &Queue) -> bool {
        if self.shared.seams.slips.head_takes_every_receive {
            return false;
        }
        self.fifo_receives_left(index, queue).is_some_and(|left| left <= 1)
    }

    /// How many more receives a FIFO message has before SQS moves it; `None` for others, and where that is not known.
    pub(super) fn fifo_receives_left(&self, index: usize, queue: &Queue) -> Option<u32> {
        let most = queue.max_receives(self.batch.queue_arn(index).filter(|arn| arn.is_fifo())?)?;
        Some(most.saturating_sub(self.batch.receive_count(index)?))
    }

    /// Sends what is to go to the dead-letter queue by now, together.
    pub(super) fn send_letters(&mut self) {
        let letters = std::mem::take(&mut self.letters);
        let Some(queue) = self.shared.queue.clone().filter(|_| !letters.is_empty()) else { return };
        let mut posts: Vec<Post> = Vec::new();
        for (index, outcome) in letters {
            match self.letter(index, &outcome, &queue) {
                // Left to the redrive policy.
                None => self.settle(index, outcome),
                Some(letter) => match posts.iter_mut().find(|post| post.is_from(&letter)) {
                    Some(post) => post.add(index, outcome, letter),
                    None => posts.push(Post { outcomes: vec![(index, outcome)], letters: vec![letter] }),
                },
            }
        }
        posts.into_iter().for_each(|post| self.send(&queue, post));
    }

    fn letter(&self, index: usize, outcome: &Outcome, queue: &Queue) -> Option<DeadLetter> {
        let (record, reason) = (self.batch.record(index).ok()?, outcome.reason()?);
        let to = queue.dead_letter_queue_of(record.queue_arn()?)?;
        DeadLetter::new(&record, reason, QueueName::of(&to).is_fifo())
    }

    fn send(&mut self, queue: &Arc<Queue>, Post { outcomes, letters }: Post) {
        let (queue, clock, time) = (Arc::clone(queue), Arc::clone(&self.shared.seams.clock), self.time_for_the_queue());
        self.stored.push(Box::pin(async move {
            let from = letters.first().and_then(|letter| letter.record().queue_arn());
            let Some(to) = from.and_then(|from| queue.dead_letter_queue_of(from)) else {
                return Stored::Sent(outcomes, Vec::new());
            };
            let to = QueueName::of(&to);
            let sending = async { in_calls(&letters, |_, letters| queue.client.send(to, letters, Some(time))).await };
            Stored::Sent(outcomes, ask_the_queue(sending, time, &clock).await)
        }));
    }

    pub(super) fn on_sent(&mut self, outcomes: Vec<(usize, Outcome)>, answers: Vec<EntryAnswer>) {
        for ((index, outcome), answer) in answered(outcomes, answers) {
            let outcome = match answer {
                Some(Ok(())) => outcome.dead_lettered(),
                Some(Err(_)) if self.shared.seams.slips.copy_unconfirmed => outcome.dead_lettered(),
                Some(Err(error)) => {
                    if let Some(queue) = &self.shared.queue {
                        queue.known.refused("SendMessage to the dead-letter queue", &error);
                    }
                    outcome
                }
                None => outcome,
            };
            self.settle(index, outcome);
        }
    }
}

/// Whether the failure is the message's own, as far as anybody can tell: those behind it would wait for it in vain. Nobody is at fault where
/// the store is away or a clock is wrong; what another attempt may have done, or is recorded as far as anybody knows, has to come back, to
/// find that out; and what was damaged on the way is not what a copy should be made of.
fn is_at_fault(class: ReasonClass) -> bool {
    matches!(
        class,
        ReasonClass::Handler
            | ReasonClass::Panic
            | ReasonClass::Deadline
            | ReasonClass::Abandoned
            | ReasonClass::Cancelled
            | ReasonClass::ConditionRefused
            | ReasonClass::NoKey
            | ReasonClass::StoreCorrupt
            // The store is there: it answered before the run.
            | ReasonClass::NotCommitted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_come_back_makes_no_way() {
        use ReasonClass as Class;
        for class in [Class::StoreUnavailable, Class::ClaimUnknown, Class::WrongClock, Class::Malformed] {
            assert!(!is_at_fault(class), "{class:?}");
        }
        for class in [Class::CommitUnknown, Class::LeaseLost, Class::ReceiptLost, Class::Draining, Class::NoTime] {
            assert!(!is_at_fault(class), "{class:?}");
        }
        for class in [Class::Handler, Class::Panic, Class::NoKey, Class::StoreCorrupt, Class::NotCommitted] {
            assert!(is_at_fault(class), "{class:?}");
        }
    }
}
