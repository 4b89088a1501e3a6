//! What a test says about a delivery.

use std::{collections::BTreeSet, time::Duration};

use super::{Delivered, table};
use crate::{
    outcome::Outcome,
    run::{LastWord, RecordReport},
    testkit::judge::{Flag, Verdict},
};

/// A message that did not succeed, as a test asserted; [`because`](Self::because) asserts why.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    delivered: &'a Delivered,
    id: &'a str,
}

/// Each panics where it does not hold.
impl Delivered {
    /// The handler succeeded.
    #[track_caller]
    pub fn assert_done(&self, id: &str) -> &Self {
        self.assert_outcome(id, "done")
    }

    /// The handler of every message succeeded, now or before. There is one at least.
    #[track_caller]
    pub fn assert_all_done(&self) -> &Self {
        if self.report().batch().is_empty() {
            self.fail("every message to be done, but there is none", None);
        }
        if self.report().records().any(|record| record.outcome.is_failure()) {
            self.fail("every message to be done, but some are not", None);
        }
        self
    }

    /// An earlier success was found; the handler did not run.
    #[track_caller]
    pub fn assert_already_done(&self, id: &str) -> &Self {
        self.assert_outcome(id, "already done")
    }

    /// Another attempt holds the claim; the handler did not run.
    #[track_caller]
    pub fn assert_in_progress_elsewhere(&self, id: &str) -> &Self {
        self.assert_outcome(id, "in progress elsewhere")
    }

    /// It failed in a way that may pass.
    #[track_caller]
    pub fn assert_retried<'a>(&'a self, id: &'a str) -> Failed<'a> {
        self.assert_failed(id, "retry")
    }

    /// It can never succeed.
    #[track_caller]
    pub fn assert_rejected<'a>(&'a self, id: &'a str) -> Failed<'a> {
        self.assert_failed(id, "rejected")
    }

    /// The handler was not started: no time was left, or an earlier message of its group failed.
    #[track_caller]
    pub fn assert_not_started<'a>(&'a self, id: &'a str) -> Failed<'a> {
        self.assert_failed(id, "not started")
    }

    /// The handler was started so often in this delivery.
    #[track_caller]
    pub fn assert_runs(&self, id: &str, runs: usize) -> &Self {
        let started: usize = self.records(id).iter().map(|record| usize::from(record.runs)).sum();
        if started != runs {
            self.fail(&format!("{id} to run {runs} times, but it ran {started} times"), Some(id));
        }
        self
    }

    /// These messages come back, in any order, and all others are deleted, by Lambda with `ReportBatchItemFailures` on or by the
    /// consumer itself.
    #[track_caller]
    pub fn assert_returned<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> &Self {
        let expected: BTreeSet<_> = ids.into_iter().collect();
        let verdict = self.verdict(Flag::On);
        let returned = self.returned_ids(&verdict);
        if let Some(why) = verdict.undocumented_because() {
            self.fail(&format!("an answer that AWS documents, but {why}"), None);
        }
        if expected != returned {
            self.fail(&format!("{expected:?} to come back, but {returned:?} do"), None);
        }
        self
    }

    /// It left for the dead-letter queue, which has confirmed its copy.
    #[track_caller]
    pub fn assert_dead_lettered(&self, id: &str) -> &Self {
        if let Some(record) = self.records(id).iter().find(|record| !record.outcome.is_dead_lettered()) {
            let outcome = described(record.outcome);
            self.fail(&format!("{id} to be in the dead-letter queue, but it is {outcome}"), Some(id));
        }
        self
    }

    /// SQS agreed to hide it for that long; `None` for a message that it was told nothing about.
    #[track_caller]
    pub fn assert_hidden_for(&self, id: &str, time: impl Into<Option<Duration>>) -> &Self {
        match time.into() {
            Some(time) => {
                let is_hidden = |word| word == LastWord::Hidden(time);
                self.assert_last_word(id, &format!("SQS to hide {id} for {time:?}"), is_hidden)
            }
            None => self
                .assert_last_word(id, &format!("SQS to be told nothing about {id}"), |word| word == LastWord::Nothing),
        }
    }

    /// The consumer itself had SQS delete it: [`Queue::acknowledge_explicitly`](crate::queue::Queue::acknowledge_explicitly).
    #[track_caller]
    pub fn assert_deleted(&self, id: &str) -> &Self {
        self.assert_last_word(id, &format!("SQS to delete {id}"), |word| word == LastWord::Deleted)
    }

    /// SQS was told to delete or to hide it, and refused or did not answer.
    #[track_caller]
    pub fn assert_refused(&self, id: &str) -> &Self {
        self.assert_last_word(id, &format!("SQS to refuse what it was told about {id}"), LastWord::is_refused)
    }

    #[track_caller]
    fn assert_last_word(&self, id: &str, expected: &str, holds: impl Fn(LastWord) -> bool) -> &Self {
        if let Some(record) = self.records(id).iter().find(|record| !holds(record.last_word)) {
            self.fail(&format!("{expected}, but of that it says {:?}", table::told(record.last_word)), Some(id));
        }
        self
    }

    fn returned_ids<'v>(&self, verdict: &'v Verdict) -> BTreeSet<&'v str> {
        let returned = verdict.messages.iter().zip(self.comes_back(verdict)).filter(|(_, comes_back)| *comes_back);
        returned.map(|(message, _)| message.id.as_deref().unwrap_or("a message without an id")).collect()
    }

    #[track_caller]
    fn assert_failed<'a>(&'a self, id: &'a str, outcome: &str) -> Failed<'a> {
        Failed { delivered: self.assert_outcome(id, outcome), id }
    }

    #[track_caller]
    fn assert_outcome(&self, id: &str, expected: &str) -> &Self {
        for record in self.records(id) {
            if record.outcome.name() != expected {
                self.fail(&format!("{id} to be {expected:?}, but it is {}", described(record.outcome)), Some(id));
            }
        }
        self
    }

    /// The records of that message; a test that names none is wrong.
    #[track_caller]
    fn records<'a>(&'a self, id: &str) -> Vec<RecordReport<'a>> {
        let records: Vec<_> = self.report().records().filter(|record| record.message_id == Some(id)).collect();
        if records.is_empty() {
            self.fail(&format!("a message with the id {id:?}, but there is none"), None);
        }
        records
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "that is what an assertion does")]
    fn fail(&self, expected: &str, id: Option<&str>) -> ! {
        panic!("expected {expected}\n\n{}", table::of(self.report(), id))
    }
}

impl<'a> Failed<'a> {
    /// The reason says that text somewhere.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[track_caller]
    pub fn because(self, text: &str) -> &'a Delivered {
        let Self { delivered, id } = self;
        for record in delivered.records(id) {
            let reason = record.outcome.reason().map(ToString::to_string).unwrap_or_default();
            if !reason.contains(text) {
                delivered.fail(&format!("{id} to fail because of {text:?}, but the reason is {reason:?}"), Some(id));
            }
        }
        delivered
    }
}

fn described(outcome: &Outcome) -> String {
    let reason = outcome.reason().map(|reason| format!(", {:?}", reason.to_string()));
    format!("{:?}{}", outcome.name(), reason.unwrap_or_default())
}
