//! The commands, as functions and as a program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod bounds;
mod broken;
mod command_line;
mod foreign;
mod knowing;
mod plan;
mod roles;
mod support;
