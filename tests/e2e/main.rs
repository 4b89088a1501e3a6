//! Runs the example functions on an emulator, and settles the account of every message. `tests/e2e/lambda` calls it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    e2e::main(lexopt::Parser::from_env()).await
}
