//! The reference: what becomes of a batch if its messages are taken one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::{Case, End, Form, Keys, Message};

/// The names of the outcomes, in the order of the event.
pub(super) fn outcomes(case: &Case) -> Vec<&'static str> {
    let mut model = Model::default();
    case.records.iter().enumerate().map(|(index, message)| model.outcome(case, index, message)).collect()
}

#[derive(Default)]
struct Model {
    failed_groups: BTreeSet<Option<u8>>,
    /// What became of the last well-formed record of each id.
    ids: BTreeMap<String, &'static str>,
    /// What was completed under each key, by its payload: a body names its own place in the batch.
    completed: BTreeSet<String>,
}

impl Model {
    fn outcome(&mut self, case: &Case, index: usize, message: &Message) -> &'static str {
        let group = case.group(index);
        let is_blocked = group.is_some_and(|group| self.failed_groups.contains(&group));
        let outcome = if is_blocked { "not started" } else { self.unblocked(case, index, message) };
        if let (Some(id), Form::Good) = (message.id(), message.form) {
            self.ids.insert(id, outcome);
        }
        if outcome != "done" && outcome != "already done" {
            self.failed_groups.extend(group);
        }
        outcome
    }

    fn unblocked(&mut self, case: &Case, index: usize, message: &Message) -> &'static str {
        if message.form != Form::Good {
            return "rejected";
        }
        let Some(id) = message.id() else { return "rejected" };
        if let Some(shared) = self.ids.get(&id) {
            return shared;
        }
        if case.keys == Keys::Attribute && message.key.is_none() {
            return "rejected";
        }
        if case.keys != Keys::None && self.completed.contains(&case.key(index)) {
            // Bodies name their place, so that another message under the same key is another payload: a conflict.
            return "rejected";
        }
        match message.behaviour.end {
            End::Ok => {
                self.completed.insert(case.key(index));
                "done"
            }
            End::Retry | End::Panic => "retry",
            End::Reject => "rejected",
        }
    }
}
