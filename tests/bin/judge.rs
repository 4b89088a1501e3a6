//! Says what Lambda does with an answer: `judge EVENT.json RESPONSE.json [--flag on|off]`.
//!
//! One line for each message, `MESSAGE-ID deleted` or `MESSAGE-ID returned` (`-` where it has no id), then `batch=success` or
//! `batch=failure`. An empty response file is a function that returned nothing. `--flag off` is an event source mapping without
//! `ReportBatchItemFailures`.
//!
//! Exit codes: 0 with a verdict; 3 for an answer of which AWS does not say what happens, and why; 2 for arguments and files that
//! cannot be read.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use lexopt::prelude::*;
use sqs_runtime::testkit::judge::{Answer, Flag, Verdict, judge};

const USAGE: &str = "usage: judge EVENT.json RESPONSE.json [--flag on|off]";

/// What stands for bytes that are no UTF-8: they are no JSON either.
const NO_JSON: &str = "\u{fffd}";

const UNREADABLE: u8 = 2;
const UNDOCUMENTED: u8 = 3;

struct Args {
    event: PathBuf,
    response: PathBuf,
    flag: Flag,
}

fn main() -> ExitCode {
    let judged = arguments().map_err(|error| format!("{error}; {USAGE}")).and_then(|args| verdict(&args));
    let (text, code) = match &judged {
        Ok(verdict) => told(verdict),
        Err(error) => {
            // Nobody reads it where standard error is closed.
            let _ = writeln!(io::stderr(), "{error}");
            return UNREADABLE.into();
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(_) => UNREADABLE.into(),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the program's command line")]
fn arguments() -> Result<Args, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(std::env::args_os().skip(1));
    let (mut files, mut flag) = (Vec::new(), Flag::On);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(path) if files.len() < 2 => files.push(PathBuf::from(path)),
            Long("flag") => flag = parser.value()?.parse_with(flag_of)?,
            other => return Err(other.unexpected()),
        }
    }
    let mut files = files.into_iter();
    let (Some(event), Some(response)) = (files.next(), files.next()) else { return Err("a file is missing".into()) };
    Ok(Args { event, response, flag })
}

fn flag_of(text: &str) -> Result<Flag, String> {
    match text {
        "on" => Ok(Flag::On),
        "off" => Ok(Flag::Off),
        other => Err(format!("--flag takes on or off, not {other}")),
    }
}

fn verdict(args: &Args) -> Result<Verdict, String> {
    let event = read(&args.event)?;
    // What cannot be judged whatever the answer is says so before the answer is read.
    let whatever = judge(&event, Answer::Error, args.flag);
    if let Some(why) = whatever.undocumented_because() {
        return Err(format!("{}: {why}", args.event.display()));
    }
    let response = fs::read(&args.response).map_err(|error| unreadable(&args.response, &error))?;
    let response = std::str::from_utf8(&response).unwrap_or(NO_JSON);
    // The line feed at the end of a text file is no part of the answer.
    Ok(judge(&event, Answer::Response(response.trim_end_matches(['\r', '\n'])), args.flag))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn told(verdict: &Verdict) -> (String, ExitCode) {
    if verdict.undocumented_because().is_some() {
        return (format!("{}\n", verdict.batch), UNDOCUMENTED.into());
    }
    let mut text = String::new();
    for message in &verdict.messages {
        let id = message.id.as_deref().map_or_else(|| "-".to_owned(), |id| id.escape_debug().to_string());
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{id} {}", message.fate);
    }
    let _ = writeln!(text, "batch={}", verdict.batch);
    (text, ExitCode::SUCCESS)
}
