//! What the command `sqs-runtime` does, as functions.
//!
//! Each subcommand is a room of its own that knows neither a terminal nor the command line, and a file in `command`, which knows
//! nothing else.

mod command;
pub mod doctor;
pub mod plan;

pub use self::command::run;
