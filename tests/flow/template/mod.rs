//! The rules of the templates: settings that deploy without complaint and lose or repeat messages when they are wrong.
//!
//! A linter knows the shape of a template; it does not know that a visibility timeout follows from a function's timeout, or that one
//! line decides whether failed messages are deleted. Each test here is one such rule and says what breaks without it.

mod alarms;
mod consumer;
mod function;
mod metrics;
mod node;
mod options;
mod parameters;
mod read;
mod table;

pub(crate) use self::{node::Node, read::Template};

/// Reading a template can fail; a broken rule is a panic of the test.
pub(crate) type Rule = Result<(), String>;

/// All of them.
const TEMPLATES: [&str; 3] = ["template.yaml", "template-fifo.yaml", "template-worker.yaml"];

/// Those of functions.
const FUNCTIONS: [&str; 2] = ["template.yaml", "template-fifo.yaml"];

/// Holds each of these templates to a rule.
fn each<const N: usize>(names: [&'static str; N], rule: impl Fn(&Template) -> Rule) -> Rule {
    names.iter().try_for_each(|name| rule(&Template::read(name)?).map_err(|error| format!("{name}: {error}")))
}
