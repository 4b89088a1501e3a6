//! The rooms that speak to AWS: over doubles, over the real SDK with canned answers, and over a DynamoDB in this process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod canned;
#[cfg(feature = "live")]
mod doctor;
#[path = "../../../tests/shared/dynamodb.rs"]
mod dynamodb_client;
mod loopback;
mod peek;
mod program;
mod record;
mod redrive;
mod rows;
mod sample;
mod send;
mod usage;
