//! How often a message may be received, and for how long it is kept.

use super::{Impossible, Load, number::up};

/// AWS's advice for queues of functions.
const FEWEST: u64 = 5;
/// SQS's limit.
const MOST: u64 = 1000;
/// The longest delay of the runtime's backoff.
const LONGEST_DELAY: u64 = 3600;
/// Four days, SQS's default; and 14, its most, which is the dead-letter queue's.
const RETENTION: u64 = 345_600;
const LONGEST_RETENTION: u64 = 1_209_600;
/// What the dead-letter queue keeps messages for beyond the queue, at least.
const TO_LOOK: u64 = 86_400;

/// How often a message may fail, and for how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// `maxReceiveCount`.
    pub max_receive_count: u64,
    /// Seconds that the queue keeps a message.
    pub retention: u64,
    /// Seconds that the dead-letter queue keeps it.
    pub dead_letter_retention: u64,
}

/// What lets every message outlast an outage.
///
/// # Errors
///
/// SQS does not hand a message out so often, or does not keep it for so long.
pub fn of(load: &Load, visibility_timeout: u64, drain: f64) -> Result<Retries, Impossible> {
    let (count, hidden) = match load.backoff.filter(|base| *base > 0) {
        Some(base) => jittered(load.outage, base),
        None => fixed(load.outage, visibility_timeout),
    };
    let max_receive_count = count.max(FEWEST);
    if max_receive_count > MOST {
        return Err(Impossible(format!(
            "a message would have to be received {max_receive_count} times to outlast {} s, and SQS allows {MOST}: \
             use a longer --backoff-seconds",
            load.outage
        )));
    }
    // Each try may wait behind a backlog.
    let needed = load.outage.saturating_add(hidden).saturating_add(up(drain));
    let longest = LONGEST_RETENTION - TO_LOOK;
    if needed > longest {
        return Err(Impossible(format!(
            "a message may have to wait for {needed} s, and a queue whose dead letters are kept for a day longer \
             keeps it for at most {longest} s"
        )));
    }
    let retention = needed.saturating_mul(2).clamp(RETENTION, longest);
    Ok(Retries { max_receive_count, retention, dead_letter_retention: LONGEST_RETENTION })
}

/// A message that fails comes back after the visibility timeout: the receives that outlast an outage, and the time they take.
#[must_use]
pub fn fixed(outage: u64, visibility_timeout: u64) -> (u64, u64) {
    let delays = outage.div_ceil(visibility_timeout.max(1));
    (delays + 1, delays.saturating_mul(visibility_timeout))
}

/// The same with backoff and full jitter: each delay is anything from nothing to twice the one before. Their sum's mean less twice its
/// standard deviation outlasts the outage.
#[must_use]
pub fn jittered(outage: u64, base: u64) -> (u64, u64) {
    let (mut delays, mut longest, mut squares) = (0, 0, 0.0);
    let mut delay = base.min(LONGEST_DELAY);
    // Evenly drawn from 0 to d: mean d / 2, variance d² / 12.
    while longest as f64 / 2.0 - 2.0 * f64::sqrt(squares / 12.0) < outage as f64 && delays < MOST {
        delays += 1;
        longest += delay;
        squares += (delay * delay) as f64;
        delay = (delay * 2).min(LONGEST_DELAY);
    }
    (delays + 1, longest)
}
