//! What a program is called.

use std::ffi::OsStr;

/// What metrics and traces belong to: `SQS_RUNTIME_SERVICE`, else the function's name, else the program's.
#[expect(clippy::disallowed_methods, reason = "what a program is called stands in its environment")]
pub(super) fn service() -> String {
    let named = ["SQS_RUNTIME_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"].into_iter().filter_map(std::env::var_os);
    let program = std::env::args_os().next();
    let program = program.as_deref().map(std::path::Path::new).and_then(std::path::Path::file_stem);
    let names = named.chain(program.map(OsStr::to_owned)).filter(|name| !name.is_empty());
    names.map(|name| name.to_string_lossy().into_owned()).next().unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_has_a_name() {
        assert!(!service().is_empty());
    }
}
