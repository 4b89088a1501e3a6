#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod batch;
pub mod claim;
mod clock;
mod consumer;
mod error;
pub mod extract;
pub mod guide;
pub mod handler;
pub mod layer;
pub mod metrics;
pub mod outcome;
pub mod queue;
mod random;
pub mod response;
pub mod run;
#[cfg(feature = "testkit")]
pub mod testkit;
#[cfg(feature = "otel")]
pub mod trace;
#[cfg(not(feature = "otel"))]
mod trace;

pub use self::{
    claim::Idempotency,
    clock::{Clock, SystemClock},
    consumer::Consumer,
    error::Error,
    handler::{Delivery, Failure},
    outcome::Outcome,
    random::{NoRandomness, Random, SystemRandom},
    run::{run, run_with},
};
