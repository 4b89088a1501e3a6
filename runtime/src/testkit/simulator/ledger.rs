//! Every row as it was after every write, and the rules that no write may break.

use std::collections::BTreeMap;

use crate::claim::{
    IdempotencyKey, Owner,
    protocol::{Row, Status},
};

/// What a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Claim,
    Complete,
    Mark,
    GiveUp,
    Renew,
    Forget,
}

/// What was committed, and what went wrong.
#[derive(Default)]
pub(super) struct Ledger {
    commits: BTreeMap<IdempotencyKey, u32>,
    pub(super) violations: Vec<String>,
    /// How many writes changed a row.
    pub(super) writes: u64,
}

impl Ledger {
    /// Whether work of this key is done.
    pub(super) fn is_committed(&self, key: &IdempotencyKey) -> bool {
        self.commits.contains_key(key)
    }

    pub(super) fn commits(&self) -> usize {
        self.commits.len()
    }

    pub(super) fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    /// Looks at what a write of that owner made of a row.
    pub(super) fn note(
        &mut self,
        write: Write,
        key: &IdempotencyKey,
        owner: Option<Owner>,
        before: Option<&Row>,
        after: Option<&Row>,
    ) {
        let Some(after) = after.filter(|after| Some(*after) != before) else { return };
        self.writes += 1;
        let mut wrong = Vec::new();
        let mut must = |holds: bool, rule: &'static str| wrong.extend((!holds).then_some(rule));
        let was = |status: fn(&Status) -> bool| before.is_some_and(|row| status(&row.status));
        let was_completed = was(|status| matches!(status, Status::Completed));
        must(!was_completed, "I2, I3: what is done never changes");
        must(owner.is_none_or(|owner| after.owner == owner), "I8: a row belongs to who wrote it last");
        let fence_grew = before.is_none_or(|before| after.fence > before.fence);
        match write {
            Write::Claim | Write::Mark => must(fence_grew, "I9: fences grow with every grant"),
            Write::Complete | Write::GiveUp | Write::Renew => {
                let is_holder = before.is_some_and(|row| Some(row.owner) == owner && row.fence == after.fence);
                let was_held = was(|status| matches!(status, Status::InProgress { .. }));
                must(is_holder && was_held, "I7, I8: only the holder settles");
            }
            Write::Forget => must(was(|status| matches!(status, Status::Failed)), "only a rejection is forgotten"),
        }
        if after.status == Status::Completed {
            let commits = self.commits.entry(key.clone()).or_default();
            *commits += 1;
            must(*commits == 1, "I1: a key is committed once");
        }
        let told = wrong.into_iter().map(|rule| format!("{rule}: {write:?} made {after:?} of {before:?}"));
        self.violations.extend(told);
    }
}
