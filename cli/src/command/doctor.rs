//! `sqs-runtime doctor FILE` and `sqs-runtime doctor --stack NAME`.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use super::Ended;
#[cfg(feature = "live")]
use super::aws::doctor::main as of_a_stack;
use crate::doctor::{Finding, examine, report};

/// Finds what loses, repeats or hides messages in a template of CloudFormation or SAM, or in a stack that is deployed.
///
/// Ends with 0 where nothing is found, with 1 where something is or some of the stack could not be read, and with 2 where FILE cannot be
/// read as a template, or the stack's resources cannot be listed.
#[derive(Args)]
pub(super) struct Arguments {
    /// A template in YAML or JSON.
    #[arg(required_unless_present = "stack")]
    file: Option<PathBuf>,
    /// The name or ARN of a stack, which is judged as its services have it now.
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    stack: Option<String>,
    /// How findings are told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// An array of objects with `code`, `resource`, `line`, `finding`, `risk` and `fix`; of a stack with `physical` too.
    Json,
}

pub(super) fn main(arguments: &Arguments, notes: &mut dyn Write) -> Ended {
    let Arguments { file, stack, format } = arguments;
    match file {
        Some(file) => of_a_file(file, *format),
        // One of the two is there.
        None => of_a_stack(stack.as_deref().unwrap_or_default(), *format, notes),
    }
}

#[cfg(not(feature = "live"))]
fn of_a_stack(_: &str, _: Format, _: &mut dyn Write) -> Ended {
    let how = "--stack is the feature `live`, which this program was built without: cargo build -p sqs-runtime-cli --features live";
    Ended::Refused(how.to_owned())
}

fn of_a_file(file: &Path, format: Format) -> Ended {
    told(file, format).unwrap_or_else(|reason| Ended::Refused(format!("{}: {reason}", file.display())))
}

impl Format {
    pub(super) fn tell(self, name: &str, findings: &[Finding]) -> Result<String, String> {
        match self {
            Self::Text => Ok(report::text(name, findings)),
            Self::Json => report::json(findings).map_err(|error| error.to_string()),
        }
    }
}

fn told(file: &Path, format: Format) -> Result<Ended, String> {
    let text = text(&fs::read(file).map_err(|error| error.to_string())?)?;
    let findings = examine(&text).map_err(|error| error.to_string())?;
    let told = format.tell(&file.display().to_string(), &findings)?;
    Ok(if findings.is_empty() { Ended::Well(told) } else { Ended::Found(told) })
}

fn text(bytes: &[u8]) -> Result<String, String> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(format!("line {line}: not UTF-8"))
        }
    }
}
