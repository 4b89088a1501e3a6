//! The tests of the whole, in the order in which a message meets the parts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../shared/as_queue.rs"]
mod as_queue;
#[path = "../shared/as_store.rs"]
mod as_store;
#[path = "../shared/dynamodb.rs"]
mod dynamodb_client;
#[path = "../shared/in_tables.rs"]
mod in_tables;
#[path = "../shared/scenario/mod.rs"]
mod scenario;
mod support;
#[path = "../shared/transactions.rs"]
mod transactions;

mod batch;
mod claim;
mod conformance;
mod corpus;
mod deadline;
mod deploy;
mod dynamodb;
mod extract;
mod faults;
mod handler;
mod hostile;
mod lambda;
mod layer;
mod log;
mod metrics;
mod pipeline;
mod plan;
mod properties;
mod queue;
mod response;
mod simulator;
mod template;
mod testkit;
mod tidy;
mod worker;
