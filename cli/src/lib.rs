//! What the command `sqs-runtime` does, as functions.
//!
//! Each subcommand is a room of its own that knows neither a terminal nor the command line, and a file in `command`, which knows
//! nothing else.

#[cfg(feature = "aws")]
pub mod aws;
mod command;
pub mod doctor;
pub mod plan;
mod terminal;

pub use self::command::run;
