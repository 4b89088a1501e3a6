//! What a role allows.

use super::{Id, Model};
use crate::doctor::{
    resolve::has_symbol,
    setting::{Place, Setting},
};

#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) id: Id,
    pub(crate) statements: Vec<Statement>,
    /// Whether these are all of them. Only then can one be missing.
    pub(crate) whole: bool,
}

/// A statement of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) place: Place,
    pub(crate) allows: Setting<bool>,
    pub(crate) actions: Setting<Vec<String>>,
    pub(crate) resources: Setting<Vec<String>>,
    pub(crate) principals: Setting<Vec<String>>,
    pub(crate) conditional: Setting<bool>,
    /// `NotAction` or `NotResource`: it allows all that it does not name.
    pub(crate) negated: bool,
    /// The managed policy that it is of, where it is of one.
    pub(crate) managed: Option<&'static str>,
}

/// Whether an action on a resource is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Covers {
    No,
    /// Nobody can say from here.
    Maybe,
    Yes,
}

impl Role {
    /// Whether the role surely lacks an action on a resource.
    pub(crate) fn lacks(&self, model: &Model, action: &str, on: &Id) -> bool {
        let covers = self.statements.iter().map(|statement| statement.covers(model, action, on)).max();
        self.whole && covers.unwrap_or(Covers::No) == Covers::No
    }
}

impl Statement {
    /// Whether it is known to be one that allows.
    pub(crate) fn surely_allows(&self) -> bool {
        self.allows.known() == Some(&true)
    }

    pub(crate) fn covers(&self, model: &Model, action: &str, on: &Id) -> Covers {
        if self.allows.known() == Some(&false) {
            return Covers::No;
        }
        if self.negated {
            return Covers::Maybe;
        }
        self.covers_action(action).min(self.covers_resource(model, on))
    }

    fn covers_action(&self, action: &str) -> Covers {
        let Some(actions) = self.actions.known() else { return Covers::Maybe };
        let covers = actions.iter().map(|pattern| {
            if glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()) {
                Covers::Yes
            } else if has_symbol(pattern) {
                Covers::Maybe
            } else {
                Covers::No
            }
        });
        covers.max().unwrap_or(Covers::No)
    }

    pub(crate) fn covers_resource(&self, model: &Model, on: &Id) -> Covers {
        let Some(resources) = self.resources.known() else { return Covers::Maybe };
        let covers = resources.iter().map(|resource| {
            if resource == "*" || on.is_meant_by(resource) {
                Covers::Yes
            } else if model.knows(resource) {
                Covers::No
            } else {
                Covers::Maybe
            }
        });
        covers.max().unwrap_or(Covers::No)
    }
}

impl Model {
    /// Whether a reference means exactly one of the queues, tables or functions here, and so none of the others.
    fn knows(&self, reference: &str) -> bool {
        let mut ids = self.queues.iter().map(|queue| &queue.id);
        let mut tables = self.tables.iter().map(|table| &table.id);
        let mut log_groups = self.log_groups.iter().map(|group| &group.id);
        let knows = |id: &Id| id.is_meant_by(reference);
        !reference.contains('*') && (ids.any(knows) || tables.any(knows) || log_groups.any(knows))
    }
}

/// Whether a pattern with `*` and `?` matches the whole text.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // What may follow the pattern's first bytes, for each length of the text's.
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for byte in pattern {
        reached = step(*byte, &reached, text);
    }
    reached.last() == Some(&true)
}

fn step(pattern: u8, reached: &[bool], text: &[u8]) -> Vec<bool> {
    if pattern == b'*' {
        let first = reached.iter().position(|is_reached| *is_reached).unwrap_or(reached.len());
        return (0..reached.len()).map(|length| length >= first).collect();
    }
    let matched = text.iter().zip(reached).map(|(byte, was)| *was && (pattern == b'?' || pattern == *byte));
    std::iter::once(false).chain(matched).collect()
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_pattern_matches_the_whole() {
        for (pattern, text) in [
            ("sqs:*", "sqs:receivemessage"),
            ("*", "sqs:x"),
            ("sqs:re*ge", "sqs:receivemessage"),
            ("sqs:receivemessage*", "sqs:receivemessage"),
            ("**", ""),
            ("a?c", "abc"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("sqs:receive", "sqs:receivemessage"), ("sqs:*s", "sqs:receivemessage"), ("a?c", "ac"), ("", "a")]
        {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
