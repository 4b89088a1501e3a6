//! The ways in which the three messages are guarded, and what is particular about each.

use sqs_runtime::{Idempotency, claim::Mode};

use super::case::Turn;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    /// A claim before, a completion after.
    #[default]
    Lease,
    /// The same, where those of several messages travel together.
    LeaseInCompany,
    /// A claim before; after it a transaction of the completion and a business write.
    LeaseAndTransaction,
    /// One transaction of the mark and a business write.
    CommitOnly,
    /// A mark.
    MarkAfter,
}

impl Way {
    pub(super) fn mode(self) -> Mode {
        match self {
            Self::Lease | Self::LeaseInCompany | Self::LeaseAndTransaction => Mode::Lease,
            Self::CommitOnly => Mode::CommitOnly,
            Self::MarkAfter => Mode::MarkAfter,
        }
    }

    pub(super) fn claims(self) -> bool {
        self.mode() == Mode::Lease
    }

    pub(super) fn transacts(self) -> bool {
        matches!(self, Self::LeaseAndTransaction | Self::CommitOnly)
    }

    /// Whether the receive count grows from delivery to delivery, so that rows are read first. Not where claims stand alone:
    /// they must do without.
    pub(super) fn counts_receives(self) -> bool {
        !matches!(self, Self::Lease | Self::LeaseInCompany)
    }

    pub(super) fn has_company(self) -> bool {
        self == Self::LeaseInCompany
    }

    pub(super) fn guard(self, idempotency: Idempotency) -> Idempotency {
        let idempotency = idempotency.mode(self.mode());
        // What is done is to be found in the table, not in memory, where nothing but the read finds it.
        if self.claims() { idempotency } else { idempotency.cached_keys(0) }
    }

    /// How the messages end and come back: each fault is met in each of these.
    pub(super) fn turns(self) -> [Turn; 2] {
        let fails = Turn { comes_back_at_once: true, ..Turn::default() };
        let panics = Turn { panics: true, ..Turn::default() };
        match self {
            Self::Lease => [fails, panics],
            Self::LeaseInCompany => [Turn { two_succeed: true, ..fails }, panics],
            Self::LeaseAndTransaction => [Turn { by_condition: true, ..fails }, Turn { came_before: true, ..panics }],
            Self::CommitOnly => [Turn { by_condition: true, came_before: true, ..fails }, panics],
            Self::MarkAfter => [Turn { came_before: true, ..fails }, panics],
        }
    }

    /// Those in which two faults, or a fault and a kill, are met in turn. Conditions stay: without them only one of three
    /// messages would have a transaction. So does company: it decides which requests there are.
    pub(super) fn turns_of_two(self) -> [Turn; 2] {
        let [first, second] = self.turns();
        if self.transacts() || self.has_company() { [first, first] } else { [first, second] }
    }
}
