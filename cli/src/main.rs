//! The command `sqs-runtime`.

use std::{io, process::ExitCode};

#[expect(clippy::disallowed_methods, reason = "this is the program's command line")]
fn main() -> ExitCode {
    sqs_runtime_cli::run(std::env::args_os(), &mut io::stdout().lock(), &mut io::stderr().lock())
}
