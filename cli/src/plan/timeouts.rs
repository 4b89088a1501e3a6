//! After how long Lambda stops a function, and for how long it hides what it received.

use super::{Impossible, number::up};

/// How often a batch may take longer than was planned for.
const SLOWER: f64 = 3.0;
/// What the runtime keeps at the end of an invocation for its answer: a share of the timeout, and at least a second.
const RESERVE: f64 = 0.05;
const RESERVE_AT_LEAST: f64 = 1.0;
/// A connection that is lost takes 3.1 s of the AWS SDK before it tries again; a batch should live through that.
const SHORTEST: u64 = 10;
/// Lambda's limit.
const LONGEST: u64 = 900;

/// The function's timeout, so that three times a batch's time is left before the reserve.
///
/// # Errors
///
/// A batch takes longer than any function may.
pub fn function(batch_seconds: f64) -> Result<u64, Impossible> {
    let work = SLOWER * batch_seconds;
    let timeout = up((work + RESERVE_AT_LEAST).max(work / (1.0 - RESERVE))).max(SHORTEST);
    if timeout > LONGEST {
        return Err(Impossible(format!(
            "a batch takes {batch_seconds:.1} s and may take three times that, which needs a timeout of {timeout} s, \
             and a function may run for {LONGEST} s: shorten --message-ms or --window, or let more messages run --at-once"
        )));
    }
    Ok(timeout)
}

/// AWS's rule: six times the function's timeout, plus the window.
#[must_use]
pub const fn visibility(function_timeout: u64, window: u64) -> u64 {
    6 * function_timeout + window
}
