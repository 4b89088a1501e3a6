//! How large a batch is, how long it takes, and what one invocation after the other gets done.

use super::{Load, number::up};

/// The largest batch without a window, and of a FIFO queue.
const WITHOUT_WINDOW: u64 = 10;
/// The largest batch at all.
const LARGEST: u64 = 10_000;
/// What one invocation may be given, in bytes.
const EVENT_BYTES: u64 = 6 * 1024 * 1024;

/// The batches of a mapping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batch {
    /// The most messages of one.
    pub size: u64,
    /// Seconds for which messages are gathered.
    pub window: u64,
    /// Seconds that a full one takes.
    pub seconds: f64,
    /// Messages that one invocation after the other does in a second.
    pub throughput: f64,
}

/// The batches that suit a load.
#[must_use]
pub fn of(load: &Load) -> Batch {
    let is_fifo = load.fifo_groups.is_some();
    let window = if is_fifo { 0 } else { load.window };
    let size = if window == 0 { WITHOUT_WINDOW } else { gathered(load.rate, window) }.min(fits(load.message_bytes));
    // One after the other within a message group, and a batch may be of one group.
    let at_once = if is_fifo { 1 } else { load.at_once.clamp(1, size) };
    let seconds = seconds(size, at_once, load.message_ms, load.overhead_ms);
    Batch { size, window, seconds, throughput: size as f64 / seconds }
}

/// What arrives within a window: no less than what needs none.
#[must_use]
pub fn gathered(rate: f64, window: u64) -> u64 {
    up(rate * window as f64).clamp(WITHOUT_WINDOW, LARGEST)
}

/// How many messages of this size one invocation may be given. As JSON a body may be twice as long as it is.
fn fits(message_bytes: u64) -> u64 {
    (EVENT_BYTES / message_bytes.max(1).saturating_mul(2)).max(1)
}

/// How long a batch takes: its messages run `at_once` at a time, round after round.
#[must_use]
pub fn seconds(size: u64, at_once: u64, message_ms: u64, overhead_ms: u64) -> f64 {
    let ms = size.div_ceil(at_once.max(1)).saturating_mul(message_ms).saturating_add(overhead_ms);
    ms.max(1) as f64 / 1000.0
}
