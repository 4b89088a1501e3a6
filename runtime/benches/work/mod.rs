//! What the measured functions do to a message, and the event that brings it. `benches/` in the repository measures the same.

pub mod event;
pub mod order;
