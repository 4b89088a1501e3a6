//! What a simulation came to.

use std::{fmt, time::Duration};

use super::{circumstances::Circumstances, faults::FaultCounts};

/// What a simulation came to: where every message ended, every start of a handler, and what broke a rule.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Account {
    /// The seed that plays it again.
    pub seed: u64,
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that were deleted because they were done.
    pub done: u64,
    /// Messages that failed and were deleted, because the mapping has no `ReportBatchItemFailures`.
    pub lost: u64,
    /// Messages that are still in their queue.
    pub in_queue: u64,
    /// Messages that the redrive policy moved, or that their consumer sent to the dead-letter queue and that were deleted then.
    pub dead_lettered: u64,
    /// Their ids.
    pub dead_letters: Vec<String>,
    /// Messages that were kept too long.
    pub expired: u64,
    /// Every start of a handler, in order.
    pub starts: Vec<Start>,
    /// Invocations that began.
    pub invocations: u64,
    /// How often a message was handed out.
    pub deliveries: u64,
    /// The most invocations that one queue's mapping had at a time.
    pub most_at_once: usize,
    /// The most invocations that one process had at a time.
    pub most_in_a_process: usize,
    /// Deliveries of invocations that were throttled, crashed, or timed out.
    pub burnt: u64,
    /// Pieces of work that were recorded as done.
    pub commits: usize,
    /// How often each outcome was reported, by name.
    pub outcomes: std::collections::BTreeMap<&'static str, u64>,
    /// How often each row of the protocol's tables was met, in words.
    pub rows: std::collections::BTreeMap<&'static str, u64>,
    /// What went wrong.
    pub faults: FaultCounts,
    /// What else was out of the ordinary.
    pub circumstances: Circumstances,
    /// Which rules were broken; empty where all is well.
    pub violations: Vec<String>,
    /// What happened, line by line: the same seed gives the same lines.
    pub trace: Vec<String>,
}

/// One start of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Start {
    /// Since the simulation's start.
    pub at: Duration,
    /// Which process.
    pub process: usize,
    /// Which message.
    pub message_id: String,
    /// Its receive count.
    pub receive_count: Option<u32>,
}

impl Account {
    /// Whether every message is somewhere.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.sent == self.done + self.lost + self.in_queue + self.dead_lettered + self.expired
    }

    /// Panics with the account where a rule was broken.
    ///
    /// # Panics
    ///
    /// If a rule was broken.
    #[expect(clippy::panic, reason = "an assertion says what is wrong by panicking")]
    #[track_caller]
    pub fn assert_clean(&self) {
        if !self.violations.is_empty() {
            let violations = self.violations.join("\n");
            panic!("seed {}: {self}\n{violations}\nWhat happened before is in `Account::trace`.", self.seed);
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sent = {} done + {} lost + {} in the queue + {} dead-lettered + {} expired; {} invocations, {} starts, {} commits, {} faults, {} violations",
            self.sent,
            self.done,
            self.lost,
            self.in_queue,
            self.dead_lettered,
            self.expired,
            self.invocations,
            self.starts.len(),
            self.commits,
            self.faults.total(),
            self.violations.len(),
        )
    }
}
