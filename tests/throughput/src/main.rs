//! What a message costs the worker, beside another consumer, on a double of SQS. `tests/throughput/run` calls it.
//!
//! - `double`: a double of SQS in a process of its own, so that its work is not counted.
//! - `ours`: the worker, with a handler that does nothing.
//!
//! The other consumer is in `consumer/`.

mod command_line;
mod double;
mod ours;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use tokio::runtime::Builder;

use self::command_line::Ask;

fn main() -> ExitCode {
    match Ask::parse(lexopt::Parser::from_env()) {
        Ok(ask) => run(&ask).map_or_else(|error| complain(&format!("{error:#}"), 1), |()| ExitCode::SUCCESS),
        Err(error) => complain(&error.to_string(), 2),
    }
}

fn run(ask: &Ask) -> anyhow::Result<()> {
    let is_on_one_thread = matches!(ask, Ask::Ours { one_thread: true, .. });
    let mut runtime = if is_on_one_thread { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    runtime.enable_all().build()?.block_on(async {
        match ask {
            Ask::Double { messages } => double::serve(*messages).await,
            Ask::Ours { url, remembers, .. } => ours::consume(url, *remembers).await,
        }
    })
}

/// Nobody reads it where standard error is closed.
fn complain(text: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "{text}");
    code.into()
}
