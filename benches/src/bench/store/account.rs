//! What a store was asked, and what stands in it at the end.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::operations::Answered;

/// What a store was asked, and what stands in it at the end.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Account {
    /// Requests, by their operations.
    pub(crate) requests: BTreeMap<String, usize>,
    /// Write units: one for each write, refused or not.
    pub(crate) write_units: usize,
    /// Microseconds from the arrival of each request until its answer was ready, waiting for its turn included.
    pub(crate) busy_us: u128,
    /// Rows, by their statuses.
    pub(crate) rows: BTreeMap<String, usize>,
}

impl Account {
    pub(super) fn asked(&mut self, operation: &str, answered: &Answered, busy: Duration) {
        *self.requests.entry(operation.to_owned()).or_default() += 1;
        self.write_units += answered.write_units;
        self.busy_us += busy.as_micros();
    }

    /// Requests of all kinds.
    pub(crate) fn all_requests(&self) -> usize {
        self.requests.values().sum()
    }
}
