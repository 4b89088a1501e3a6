//! The same load for a worker: Little's law, what arrives times how long it stays.

use super::{Aim, Load, number::up};

/// The share of its permits that a task has in use at the usual rate.
const BUSY: f64 = 0.8;

/// How many messages are in hand, in how many tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Messages in hand at a time while the burst is done.
    pub in_hand: u64,
    /// Messages in hand at a time of one task.
    pub permits: u64,
    /// Tasks while the burst is done.
    pub tasks: u64,
    /// Tasks at the usual rate.
    pub tasks_at_rest: u64,
}

/// The worker that does the burst in the time that was asked for, or that the mapping takes.
#[must_use]
pub fn of(load: &Load, drain: f64) -> Worker {
    let within = match load.aim {
        Aim::DrainWithin(seconds) => seconds as f64,
        Aim::Concurrency(_) => drain,
    };
    let stay = load.message_ms.saturating_add(load.overhead_ms) as f64 / 1000.0;
    let burst = if load.burst == 0 { 0.0 } else { load.burst as f64 / within.max(1.0) };
    let permits = load.permits.max(1);
    let at_rest = up(load.rate * stay / BUSY);
    let in_hand = up((load.rate + burst) * stay).max(at_rest).max(1);
    Worker { in_hand, permits, tasks: in_hand.div_ceil(permits), tasks_at_rest: at_rest.div_ceil(permits).max(1) }
}
