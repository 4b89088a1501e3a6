//! Whether a condition holds when every parameter has its default.

use super::{Scope, has_symbol};
use crate::doctor::read::Node;

/// Conditions may name one another; not in a ring, but a text can say anything.
const MAX_DEPTH: usize = 20;

impl Scope<'_> {
    /// `None` where a template alone cannot say.
    pub(super) fn holds(&self, name: &str) -> Option<bool> {
        self.named(name, 0)
    }

    fn named(&self, name: &str, depth: usize) -> Option<bool> {
        self.judge(self.conditions.at(name).known()?, depth + 1)
    }

    fn judge(&self, condition: &Node, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (name, argument) = condition.as_map()?.single()?;
        let mut parts = argument.items().iter().map(|part| self.judge(part, depth + 1));
        match name {
            "Condition" => self.named(argument.as_text()?, depth),
            "Fn::Equals" => self.are_equal(argument),
            "Fn::Not" => parts.next()?.map(|holds| !holds),
            "Fn::And" => all(parts),
            "Fn::Or" => all(parts.map(|part| part.map(|holds| !holds))).map(|none| !none),
            _ => None,
        }
    }

    fn are_equal(&self, argument: &Node) -> Option<bool> {
        let [one, other] = argument.items() else { return None };
        let (one, other) = (self.resolve(one), self.resolve(other));
        let (one, other) = (one.as_text()?, other.as_text()?);
        if one == other {
            return Some(true);
        }
        // What two names stand for may be the same.
        (!has_symbol(one) && !has_symbol(other)).then_some(false)
    }
}

/// Whether all hold: no, if one does not, whatever the others are.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => all = None,
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn what_is_unknown_decides_nothing_that_another_decides() {
        let (yes, no, unknown) = (Some(true), Some(false), None);
        assert_eq!(all([yes, yes].into_iter()), yes);
        assert_eq!(all([yes, unknown].into_iter()), unknown);
        assert_eq!(all([unknown, no].into_iter()), no);
    }
}
