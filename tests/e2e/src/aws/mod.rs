//! Queues, tables and functions of the emulator.
//!
//! - `queues`: a queue with its dead-letter queue, over the SDK.
//! - `tables`: what handlers leave behind, over the SDK.
//! - `lambda`: functions and their event source mappings, over Lambda's HTTP interface: three requests are not worth a third SDK.

mod lambda;
mod queues;
mod tables;

pub(crate) use self::{
    lambda::Lambda,
    queues::{Queue, Received},
    tables::Tables,
};

/// Where everything is. What a request does not name is there as well.
pub(crate) const REGION: &str = "us-east-1";
