//! What is wrong with a model: one rule for each thing that deploys, or nearly does, and then loses, repeats or hides messages.
//!
//! A rule is a pure function over the model. It says nothing where it cannot know. `runtime/docs/doctor.md` has a section for each.

mod alarm;
mod dead_letters;
mod mapping;
mod metrics;
mod queue;
mod role;
mod table;

use super::{
    model::{Id, Model},
    setting::Place,
};

/// A thing that can be wrong.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which stays.
    pub code: &'static str,
    /// How bad it is.
    pub weight: Weight,
    /// What may come of it.
    pub risk: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    judge: fn(&Model) -> Vec<Fault>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Messages, or what was done about them, may be lost or come again.
    Loss,
    /// AWS refuses it, or it costs money, safety or sight.
    Advice,
}

/// Where a rule is broken, and how.
#[derive(Debug)]
struct Fault {
    resource: String,
    place: Place,
    finding: String,
}

impl Fault {
    fn at(place: Place, id: &Id, finding: impl Into<String>) -> Self {
        Self { resource: id.resource.clone(), place, finding: finding.into() }
    }

    fn of(id: &Id, finding: impl Into<String>) -> Self {
        Self::at(id.place, id, finding)
    }
}

/// A rule that is broken somewhere.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static Rule,
    /// The resource that breaks it, by its name in the template.
    pub resource: String,
    /// What the resource is called where it runs; `None` of what was read from a text.
    pub physical: Option<String>,
    /// Where; `None` of what was not read from a text.
    pub line: Option<usize>,
    /// How.
    pub finding: String,
}

/// Every rule, by its code.
pub static RULES: [&Rule; 31] = [
    &mapping::NO_FLAG,
    &mapping::NO_WINDOW,
    &mapping::FIFO_BATCH,
    &mapping::BOTH_MODES,
    &mapping::CONCURRENCY_BOUNDS,
    &mapping::RESERVED,
    &mapping::FILTERS,
    &queue::VISIBILITY,
    &queue::RETENTION,
    &queue::SHORT_POLLING,
    &queue::ENCRYPTION,
    &queue::OPEN_POLICY,
    &dead_letters::MISSING,
    &dead_letters::RECEIVES,
    &dead_letters::RETENTION,
    &dead_letters::KIND,
    &dead_letters::ANOTHER,
    &table::WRONG_KEY,
    &table::TTL,
    &table::MEMORY,
    &role::CANNOT_CONSUME,
    &role::CANNOT_REMEMBER,
    &role::CANNOT_TELL,
    &role::ANY_ACTION,
    &role::ANY_RESOURCE,
    &role::MORE_THAN_NEEDED,
    &role::ONE_BY_ONE,
    &alarm::UNKNOWN_METRIC,
    &alarm::BLIND_METRIC,
    &alarm::NO_ALARM,
    &alarm::ENDLESS_LOGS,
];

/// What is wrong with a model, in the order of its text.
pub(super) fn judge(model: &Model) -> Vec<Finding> {
    let broken = RULES.iter().flat_map(|rule| (rule.judge)(model).into_iter().map(move |fault| (*rule, fault)));
    let mut findings: Vec<_> = broken
        .map(|(rule, fault)| Finding {
            rule,
            resource: fault.resource,
            physical: None,
            line: fault.place.number(),
            finding: fault.finding,
        })
        .collect();
    // Stable: of one line, in the order of the codes.
    findings.sort_by_key(|finding| finding.line);
    findings
}
