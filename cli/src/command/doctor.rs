//! `sqs-runtime doctor FILE`.

use std::{fs, path::PathBuf};

use clap::{Args, ValueEnum};

use super::Ended;
use crate::doctor::{examine, report};

/// Finds what loses, repeats or hides messages in a template of CloudFormation or SAM.
///
/// Ends with 0 where nothing is found, with 1 where something is, and with 2 where FILE cannot be read as a template.
#[derive(Args)]
pub(super) struct Arguments {
    /// A template in YAML or JSON.
    file: PathBuf,
    /// How findings are told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// An array of objects with `code`, `resource`, `line`, `finding`, `risk` and `fix`.
    Json,
}

pub(super) fn main(arguments: &Arguments) -> Ended {
    told(arguments).unwrap_or_else(|reason| Ended::Refused(format!("{}: {reason}", arguments.file.display())))
}

fn told(arguments: &Arguments) -> Result<Ended, String> {
    let text = text(&fs::read(&arguments.file).map_err(|error| error.to_string())?)?;
    let findings = examine(&text).map_err(|error| error.to_string())?;
    let told = match arguments.format {
        Format::Text => report::text(&arguments.file.display().to_string(), &findings),
        Format::Json => report::json(&findings).map_err(|error| error.to_string())?,
    };
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
