//! Queues, tables and functions of the emulator.
//!
//! - `queues`: a queue with its dead-letter queue, over the SDK.
//! - `tables`: what handlers leave behind, over the SDK.
//! - `role`: what a function may do.
//! - `lambda`: functions and their event source mappings.
//! - `logs`: what functions wrote.
//! - `http`: the requests of these three: a few requests are not worth three further SDKs.

mod http;
mod lambda;
pub(crate) mod logs;
mod queues;
pub(crate) mod role;
mod tables;

pub(crate) use self::{
    lambda::Lambda,
    logs::Line,
    queues::{Queue, Received},
    tables::{Row, Tables},
};

/// Where everything is. What a request does not name is there as well.
pub(crate) const REGION: &str = "us-east-1";

/// The account that the emulator has when nobody names one.
const ACCOUNT: &str = "000000000000";

/// Key and secret of the emulator's owner, who may do everything; `tests/e2e/lambda` starts it with these.
pub(crate) const KEY: &str = "none";
