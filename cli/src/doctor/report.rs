//! Findings, told: as JSON to programs, as text to people.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Finding, Weight};
use crate::terminal::printable;

/// A finding as programs get it. These names stay.
#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    resource: &'a str,
    /// Of stacks only.
    #[serde(skip_serializing_if = "Option::is_none")]
    physical: Option<&'a str>,
    line: Option<usize>,
    finding: &'a str,
    risk: &'a str,
    fix: &'a str,
}

/// An array with an object for each finding.
///
/// # Errors
///
/// None that text could cause; serde_json's own.
pub fn json(findings: &[Finding]) -> Result<String, serde_json::Error> {
    let told: Vec<_> = findings.iter().map(Told::of).collect();
    serde_json::to_string_pretty(&told)
}

impl<'a> Told<'a> {
    fn of(finding: &'a Finding) -> Self {
        let Finding { rule, resource, physical, line, finding } = finding;
        let physical = physical.as_deref();
        Self { code: rule.code, resource, physical, line: *line, finding, risk: rule.risk, fix: rule.fix }
    }
}

/// A line and two for each finding, what may lose messages first.
#[must_use]
pub fn text(name: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for (weight, title) in [(Weight::Loss, "may lose or repeat messages"), (Weight::Advice, "advice")] {
        let of_weight: Vec<_> = findings.iter().filter(|finding| finding.rule.weight == weight).collect();
        if !of_weight.is_empty() {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{title}:");
            of_weight.into_iter().for_each(|finding| tell(&mut text, name, finding));
            text.push('\n');
        }
    }
    let _ = match findings.len() {
        0 => writeln!(text, "{name}: nothing found"),
        1 => writeln!(text, "{name}: 1 finding"),
        count => writeln!(text, "{name}: {count} findings"),
    };
    text
}

fn tell(text: &mut String, name: &str, finding: &Finding) {
    let Finding { rule, resource, physical, line, finding } = finding;
    let line = line.map_or_else(String::new, |line| format!(":{line}"));
    let physical = physical.as_deref().map_or_else(String::new, |name| format!(" ({})", printable(name)));
    let (resource, finding) = (printable(resource), printable(finding));
    let _ = writeln!(text, "  {} {name}{line} {resource}{physical}: {finding}", rule.code);
    let _ = writeln!(text, "    risk: {}", rule.risk);
    let _ = writeln!(text, "    fix:  {}", rule.fix);
}
