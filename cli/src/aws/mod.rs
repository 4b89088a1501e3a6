//! Tools for a queue and its table on AWS: what lies there, why, and how it gets on.
//!
//! Each room takes clients that are ready. Stored keys, events of received messages and what of them must not be kept are the
//! runtime's own: nothing here knows a second time how they look.

pub mod explain;
pub mod forget;
pub mod peek;
pub mod record;
pub mod redrive;
pub(crate) mod said;
pub mod sample;
pub mod send;
