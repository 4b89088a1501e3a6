//! The conditional writes as DynamoDB expressions. Each condition is the protocol's `allows` of the same name.

use std::collections::HashMap;

use super::table::{Name, Table};
use crate::claim::StoredResult;

/// One kind of conditional write: its expressions, and the names that they use, no more: DynamoDB refuses unused ones.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) update: String,
    pub(super) condition: String,
    pub(super) names: HashMap<String, String>,
}

/// All of them, made once for a table.
#[derive(Clone, Debug)]
pub(super) struct Expressions {
    pub(super) claim: Expression,
    pub(super) claim_versioned: Expression,
    pub(super) complete: Keeping,
    pub(super) release: Expression,
    pub(super) cancel: Expression,
    pub(super) fail: Expression,
    pub(super) renew: Expression,
    pub(super) mark: Keeping,
    pub(super) mark_versioned: Keeping,
    pub(super) forget: Expression,
}

/// A write that keeps the handler's result, or does not.
#[derive(Clone, Debug)]
pub(super) struct Keeping {
    nothing: Expression,
    result: Expression,
}

impl Keeping {
    pub(super) fn of(&self, result: &StoredResult) -> &Expression {
        if *result == StoredResult::Nothing { &self.nothing } else { &self.result }
    }
}

const KEY: &str = "#key";

/// Only the lease that holds the row.
const HOLDS: &str = "#status = :inprogress AND #owner = :me AND #fence = :fence";

/// Grants: the fence goes on growing from where the row left it, and from the clock where there is none.
const GRANT: &str = "#owner = :me, #fence = if_not_exists(#fence, :now_ms) + :one, #expiration = :expiration, \
                     #validation = :validation, #schema = :schema, #since = :now_ms";

/// May be claimed: free, or one of ours that is expired, released by another, over, or rejected otherwise.
fn may_claim(rejected_otherwise: &str) -> String {
    format!(
        "attribute_not_exists({KEY}) OR (#schema = :schema AND attribute_exists(#owner) \
         AND #status IN (:inprogress, :completed, :released, :failed) AND (#expiration < :now_s \
         OR (#status = :released AND #owner <> :me) \
         OR (#status = :inprogress AND #lease < :takeover_ms) \
         OR ({rejected_otherwise})))"
    )
}

impl Expressions {
    pub(super) fn of(table: &Table) -> Self {
        let make = |update: &str, condition: &str| Expression::new(table, update, condition);
        let unversioned = may_claim("#status = :failed");
        let versioned = may_claim("#status = :failed AND (#version <> :version OR #validation <> :validation)");
        let claim = format!(
            "SET #status = :inprogress, #attempts = if_not_exists(#attempts, :zero) + :one, #lease = :lease_ms, {GRANT}"
        );
        let mark = format!("SET #status = :completed, #attempts = :zero, {GRANT}");
        let settle = |status: &str, rest: &str| {
            format!("SET #status = {status}, #since = :now_ms, #attempts = :zero{rest} REMOVE #lease")
        };
        let complete = |rest: &str| make(&settle(":completed", &format!(", #expiration = :expiration{rest}")), HOLDS);
        let keeping = |set: &str, removed: &str, condition: &str| Keeping {
            nothing: make(&format!("{mark}{set} REMOVE #lease, #data, #error{removed}"), condition),
            result: make(&format!("{mark}{set}, #data = :data REMOVE #lease, #error{removed}"), condition),
        };
        Self {
            claim: make(&format!("{claim} REMOVE #data, #error, #version"), &unversioned),
            claim_versioned: make(&format!("{claim}, #version = :version REMOVE #data, #error"), &versioned),
            complete: Keeping { nothing: complete(""), result: complete(", #data = :data") },
            release: make(&settle(":released", ""), HOLDS),
            cancel: make("SET #attempts = :zero", HOLDS),
            fail: make(&settle(":failed", ", #version = :version, #error = :error"), HOLDS),
            renew: make("SET #lease = :lease_ms", &format!("{HOLDS} AND #lease < :lease_ms")),
            mark: keeping("", ", #version", &unversioned),
            mark_versioned: keeping(", #version = :version", "", &versioned),
            forget: make(
                "SET #status = :released, #since = :now_ms, #attempts = :zero REMOVE #error",
                "#status = :failed",
            ),
        }
    }
}

impl Expression {
    fn new(table: &Table, update: &str, condition: &str) -> Self {
        let both = [update, condition].concat();
        let used = Name::ALL.into_iter().filter(|name| both.contains(name.placeholder()));
        let mut names: HashMap<_, _> =
            used.map(|name| (name.placeholder().into(), table.attribute_name(name).into())).collect();
        if both.contains(KEY) {
            names.insert(KEY.into(), table.key_attribute().into());
        }
        Self { update: update.into(), condition: condition.into(), names }
    }
}
