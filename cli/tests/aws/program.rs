//! The program itself, with an environment that knows no account.

use std::process::{Command, Output};

/// Runs the program against that endpoint; its credentials are nobody's.
pub(crate) fn program(endpoint: &str, arguments: &[&str]) -> Output {
    command(endpoint, arguments).output().expect("the program starts")
}

/// The same, not started yet.
pub(crate) fn command(endpoint: &str, arguments: &[&str]) -> Command {
    let mut program = bare();
    program.args(arguments);
    program.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "eu-west-1");
    program.env("AWS_ACCESS_KEY_ID", "none").env("AWS_SECRET_ACCESS_KEY", "none");
    program
}

/// The program without region and credentials.
pub(crate) fn bare() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sqs-runtime"));
    program.env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
    program.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    program
}

/// Exit code, standard output and standard error.
pub(crate) fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
