//! The seam for chance: the only file that draws.

use std::{fmt, sync::Arc};

/// Chance as a value of the consumer: a simulation replays it from one seed.
pub trait Random: Send + Sync + 'static {
    /// Fills the bytes with chance.
    ///
    /// # Errors
    ///
    /// If the source has none to give. No claim is made without it.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system's source. Nothing is drawn at start-up: a snapshot of the process would copy it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// The source of chance failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// A source of chance that many share.
pub(crate) type SharedRandom = Arc<dyn Random>;
