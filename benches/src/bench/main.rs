//! What a message costs a function, beside what people write without the crate. `benches/compare` calls it.
//!
//! - `store`: a DynamoDB in a process of its own, so that its work is not counted.
//! - `measure`: starts each side as a process of its own, invokes it as Lambda does, and compares.

mod check;
mod command_line;
#[cfg(test)]
mod example;
mod figures;
mod instructions;
mod limits;
mod measure;
mod origin;
mod plan;
mod report;
mod session;
mod side;
mod starts;
mod store;
mod trial;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use self::command_line::Ask;

fn main() -> ExitCode {
    let done = match Ask::parse(lexopt::Parser::from_env()) {
        Ok(Ask::Store { delay }) => store::serve(delay).map(|()| true),
        Ok(Ask::Measure(options)) => measure::measure(&options),
        Err(error) => return complain(&error.to_string(), 2),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(&format!("{error:#}"), 1),
    }
}

/// Nobody reads it where standard error is closed.
fn complain(text: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "compare: {text}");
    code.into()
}
