//! What was asked for so far, by work.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::Effect;

#[derive(Default)]
pub(super) struct Book {
    calls: usize,
    runs: BTreeMap<String, Runs>,
    taken: BTreeMap<String, Effect>,
}

/// What one piece of work asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    pub(crate) calls: u64,
    /// The idempotency keys that came with the calls.
    pub(crate) keys: BTreeSet<String>,
    /// How often money was taken.
    pub(crate) charges: u64,
    /// The number of the call that was the last, among all calls.
    pub(crate) last: usize,
}

impl Book {
    /// Notes one more call.
    pub(super) fn called(&mut self, work: &str) -> &mut Runs {
        self.calls += 1;
        let runs = self.runs.entry(work.to_owned()).or_default();
        runs.calls += 1;
        runs.last = self.calls;
        runs
    }

    /// Notes what was taken, each time: whoever takes nothing twice finds a repetition here.
    pub(super) fn took(&mut self, work: &str, what: &str) {
        let nothing = || Effect { times: 0, what: what.to_owned() };
        self.taken.entry(work.to_owned()).or_insert_with(nothing).times += 1;
    }

    pub(super) fn runs(&self) -> &BTreeMap<String, Runs> {
        &self.runs
    }

    pub(super) fn taken(&self) -> &BTreeMap<String, Effect> {
        &self.taken
    }
}
