//! `doctor`: what in a template loses, repeats or hides messages.
//!
//! A text goes through five rooms: `read` makes a tree of it that knows its lines, `resolve` carries out CloudFormation's functions
//! as far as can be known, `describe` makes a model of queues, functions, mappings, tables, roles and alarms, `rules` judges the
//! model, and `report` says what was found. The rules know nothing of templates: `live` makes a model of a stack that is deployed, and
//! they judge that too.

mod describe;
#[cfg(feature = "live")]
pub mod live;
mod model;
mod read;
pub mod report;
mod resolve;
mod rules;
mod setting;
mod sizes;

pub use self::{
    read::Unreadable,
    rules::{Finding, RULES, Rule, Weight},
    sizes::{Sizes, sizes},
};

/// What is wrong with a template of CloudFormation or SAM, in YAML or JSON.
///
/// # Errors
///
/// The text cannot be read, or is no template.
pub fn examine(text: &str) -> Result<Vec<Finding>, Unreadable> {
    let template = resolve::Template::of(&read::tree(text)?)?;
    Ok(rules::judge(&describe::model(&template)))
}
