//! What became of one delivery.

use std::fmt;

use super::table;
use crate::{
    response::{FailedInvocation, PartialBatchResponse},
    run::{LastWord, Report},
    testkit::{
        event::Event,
        judge::{Answer, Flag, Verdict, judge},
    },
};

/// What became of the messages of one event. `Debug` shows it as a table.
///
/// Each assertion stops the test with that table if it does not hold. A message is named by its message id; where records share
/// one, an assertion is about all of them.
#[derive(Clone)]
pub struct Delivered {
    event: Event,
    report: Report,
}

impl Delivered {
    pub(super) fn new(event: Event, report: Report) -> Self {
        Self { event, report }
    }

    /// What was delivered.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// One outcome for each record.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The answer that goes to Lambda.
    ///
    /// # Errors
    ///
    /// If a record failed that has no message id; the invocation then ends in an error.
    pub fn response(&self) -> Result<PartialBatchResponse, FailedInvocation> {
        self.report.response()
    }

    /// The same as JSON.
    ///
    /// # Errors
    ///
    /// As [`response`](Self::response).
    pub fn response_json(&self) -> Result<String, FailedInvocation> {
        self.response().map(|response| response.to_json())
    }

    /// What Lambda does with that answer. It knows nothing of what the consumer deleted itself.
    #[must_use]
    pub fn verdict(&self, flag: Flag) -> Verdict {
        let response = self.response_json();
        let answer = response.as_deref().map_or(Answer::Error, Answer::Response);
        judge(&self.event.to_json(), answer, flag)
    }

    /// The messages that come back, as SQS would deliver them next: receive counts raised by one, new receipt handles. What the
    /// consumer itself had SQS delete is gone, whatever the invocation came to.
    pub fn returned(&self) -> Event {
        self.event.redelivered().of_records(&self.comes_back(&self.verdict(Flag::On)))
    }

    /// Whether each message comes back once Lambda did that.
    pub(super) fn comes_back(&self, verdict: &Verdict) -> Vec<bool> {
        let is_there = self.report.records().map(|record| record.last_word != LastWord::Deleted);
        verdict.fates().zip(is_there).map(|(fate, is_there)| fate.is_returned() && is_there).collect()
    }
}

impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&table::of(&self.report, None))
    }
}
