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
mod verbs;

pub(crate) use self::{node::Node, read::Template};
use crate::support::root;

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

/// The linters' lists are their own.
#[test]
fn every_template_is_held_here_and_linted() {
    let files = std::fs::read_dir(root()).expect("the project").map(|entry| entry.expect("readable").file_name());
    let names = files.filter_map(|name| name.into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("template") && name.ends_with(".yaml")).collect();
    names.sort_by_key(|name| TEMPLATES.iter().position(|template| template == name));
    assert_eq!(names, TEMPLATES);
    let list = format!("[{}]\n", TEMPLATES.join(", "));
    for config in [".ci/cfn-lint.yaml", ".ci/checkov.yaml"] {
        let text = std::fs::read_to_string(root().join(config)).unwrap_or_else(|error| panic!("{config}: {error}"));
        assert!(text.contains(&list), "{config} leaves one out: {list}");
    }
}
