//! What is asked of the store: how long that takes, and how often it gets no answer.

use std::sync::Arc;

use super::{Drive, Stored};
use crate::claim::{ClaimAnswer, CompleteAnswer, HeldAnswer, Look, TransactAnswer};

impl Drive {
    /// Asks, beside everything else that goes on.
    pub(super) fn ask_the_store(&mut self, asking: impl Future<Output = Stored> + Send + 'static) {
        let clock = Arc::clone(&self.shared.seams.clock);
        self.stored.push(Box::pin(async move {
            let asked = clock.monotonic();
            let answer = asking.await;
            Stored::Asked(Box::new(answer), clock.monotonic().saturating_sub(asked))
        }));
    }
}

impl Stored {
    /// How many questions about one message the store did not answer, or may not have answered.
    pub(super) fn unanswered(&self) -> usize {
        match self {
            Self::Looked(asked, answers) => missing(asked, answers, |look| match look {
                Look::Answered(answer) => is_claim_unanswered(answer),
                Look::Open { .. } => false,
            }),
            Self::Claimed(asked, answers) => missing(asked, answers, is_claim_unanswered),
            Self::Completed(asked, answers) => missing(asked, answers, is_completion_unanswered),
            Self::Transacted(.., answer) => usize::from(answer.as_ref().is_none_or(|answer| match answer {
                TransactAnswer::Decided(answer) => is_completion_unanswered(answer),
                TransactAnswer::NotWritten(_) => true,
                TransactAnswer::ConditionRefused(_) => false,
            })),
            Self::GivenUp(asked, answers) => missing(asked, answers, |answer| matches!(answer, HeldAnswer::Unknown(_))),
            _ => 0,
        }
    }
}

fn missing<Q, A>(asked: &[Q], answers: &[A], is_unanswered: impl Fn(&A) -> bool) -> usize {
    asked.len().saturating_sub(answers.len()) + answers.iter().filter(|answer| is_unanswered(answer)).count()
}

fn is_claim_unanswered(answer: &ClaimAnswer) -> bool {
    matches!(answer, ClaimAnswer::Unavailable(_) | ClaimAnswer::Unknown(_))
}

fn is_completion_unanswered(answer: &CompleteAnswer) -> bool {
    matches!(answer, CompleteAnswer::Unknown(_))
}
