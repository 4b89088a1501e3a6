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

    /// What came after this earlier one.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        for (operation, count) in &mut self.requests {
            *count -= earlier.requests.get(operation).copied().unwrap_or_default();
        }
        self.write_units -= earlier.write_units;
        self.busy_us -= earlier.busy_us;
        self
    }

    /// Requests of all kinds.
    pub(crate) fn all_requests(&self) -> usize {
        self.requests.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_an_earlier_account_is_without_what_is_in_it() {
        let mut account = Account::default();
        let asked = |account: &mut Account, operation: &str, write_units| {
            let answered = Answered { status: 200, body: String::new(), write_units };
            account.asked(operation, &answered, Duration::from_micros(10));
        };
        asked(&mut account, "PutItem", 1);
        let earlier = account.clone();
        asked(&mut account, "PutItem", 1);
        asked(&mut account, "BatchExecuteStatement", 25);
        let later = account.since(&earlier);
        assert_eq!((later.all_requests(), later.write_units, later.busy_us), (2, 26, 20));
        assert_eq!(later.requests["PutItem"], 1);
    }
}
